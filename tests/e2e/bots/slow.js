/**
 * @file slow.js  A bot that is busy for a while with each connection
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { listen, log, pause, wish } from './log.js';

const server = createServer();

new WebSocketServer({ server }).on('connection', (socket) => {
	pause(wish.slow);
	socket.on('message', (text) => {
		const { type, msgid, data } = JSON.parse(text);

		if (type !== 'session:new')
			return;

		log(type, { data });
		socket.send(JSON.stringify({ type: 'ack', msgid,
			data: [{ verb: 'answer' }] }));
	});
});

listen(server);

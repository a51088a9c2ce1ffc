/**
 * @file sdk.js  A bot on @jambonz/sdk, over WebSocket
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createEndpoint } from '@jambonz/sdk/websocket';
import { listen, log, server as create } from './log.js';
import { talk } from './talk.js';

const server = create();
const service = createEndpoint({ server })({ path: '/bot' });

server.on('upgrade', ({ headers: { authorization } }) =>
	log('upgrade', { authorization }));
for (const type of ['session:new', 'session:reconnect', 'session:redirect'])
	service.on(type, (session) => talk(session, type));

listen(server);

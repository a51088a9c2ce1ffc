/**
 * @file standin.js  A stand-in for a referd of a fleet, for the page only
 *
 * It sends the test's messages: on machines with names that no referd would
 * accept, and on more calls than a test could make.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { WebSocketServer } from 'ws';
import { settings } from './settings.js';

const TYPES = { '.js': 'text/javascript', '.css': 'text/css',
	'.html': 'text/html', '.svg': 'image/svg+xml' };
const OUTCOMES = { transferred: 0, presumed: 0, failed: 0, unknown: 0,
	cancelled: 0 };


/** `fleet` is its state of the fleet, `hello` the data of its hello. */
export class StandIn {
	constructor(fleet, hello)
	{
		Object.assign(this, { fleet, hello, seq: 0, asked: [],
			heard: [], sockets: new Set() });
	}

	static async start(s, fleet, hello)
	{
		const r = new StandIn(fleet, hello);

		r.server = createServer((q, a) => r.answer(q, a));
		r.wss = new WebSocketServer({ server: r.server });
		r.wss.on('connection', (ws, q) => r.greet(ws, q));
		await new Promise((done) =>
			r.server.listen(0, '127.0.0.1', done));
		r.http = `http://127.0.0.1:${r.server.address().port}`;
		s.join({ process: { name: 'stand-in', alive: false,
			log: { items: [] }, async kill() {
				r.server.close();
				for (const ws of r.sockets)
					ws.terminate();
				r.server.closeAllConnections();
			} } });

		return r;
	}

	greet(ws, { url })
	{
		const query = new URL(url, this.http).searchParams;
		const scope = query.get('scope') || 'local';
		const data = { version: '0.1.0', role: 'controller',
			client: query.get('client'), first_seq: 1,
			last_seq: scope === 'fleet' ? this.seq : 0 };

		this.sockets.add(ws);
		ws.on('close', () => this.sockets.delete(ws));
		ws.on('message', (text) => this.heard.push(JSON.parse(text)));
		ws.scope = scope;
		this.tell(ws, { type: 'hello', data: { ...data, ...scope ===
			'fleet' ? { scope, fleet: this.fleet.epoch,
				status: this.fleet, ...this.hello } :
			{ fleet: this.fleet } } });
	}

	tell(ws, msg)
	{
		ws.send(JSON.stringify({ time: new Date().toISOString(),
			...msg }));
	}

	/** Sends a message to all with scope=fleet, with the next F */
	event(member, msg)
	{
		this.seq += 256;
		for (const ws of this.sockets) {
			if (ws.scope === 'fleet')
				this.tell(ws, { seq: this.seq, member, ...msg });
		}
	}

	/** Changes its state of the fleet */
	status(change)
	{
		Object.assign(this.fleet, change);
		for (const ws of this.sockets)
			this.tell(ws, { type: 'fleet:status',
				data: this.fleet });
	}

	answer({ url }, a)
	{
		const { pathname, searchParams } = new URL(url, this.http);
		const file = join(settings.source, 'web', pathname === '/' ?
			'index.html' : pathname);

		if (existsSync(file)) {
			a.setHeader('Content-Type', TYPES[extname(file)]);
			createReadStream(file).pipe(a);
			return;
		}
		this.asked.push(url);
		a.setHeader('Content-Type', 'application/json');
		a.end(JSON.stringify(this.body(pathname, searchParams)));
	}

	body(path, query)
	{
		const now = new Date().toISOString();
		const transfers = this.hello.transfers || [];
		const [, id] = /^\/transfers\/(.+)/.exec(path) || [];

		if (id)
			return { messages: [], transfer: transfers.find((t) =>
				t.transfer_id === id) };
		switch (path) {

		case '/healthz':
			return { status: 'ok', fleet: this.fleet };
		case '/stats':
			return { now, window: 3600, outcomes: OUTCOMES,
				minutes: [{ time: now, started: 0,
					outcomes: OUTCOMES }],
				final_ms: { count: 0 },
				nodes: this.hello.nodes || [] };
		default:
			return transfers.filter((t) => !query.get('member') ||
				t.member === query.get('member'));
		}
	}
}

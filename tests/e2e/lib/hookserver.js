/**
 * @file hookserver.js  An application that is called over HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createServer } from 'node:http';
import { Journal } from './journal.js';


/**
 * Keeps every request that comes, and answers as `answer` says: a function
 * of the request that gives `status`, `headers`, `body`; null for no answer.
 */
export class HookServer {
	constructor()
	{
		this.hits = new Journal('hook server');
		this.answer = () => ({});
	}

	static async start()
	{
		const s = new HookServer();

		await s.listen(0);

		return s;
	}

	async listen(port)
	{
		this.server = createServer((q, a) => this.take(q, a));
		await new Promise((resolve) => this.server.listen(port,
			'127.0.0.1', resolve));
		this.port = this.server.address().port;
	}

	url(path)
	{
		return `http://127.0.0.1:${this.port}${path}`;
	}

	async take(q, a)
	{
		let body = '';

		for await (const piece of q)
			body += piece;

		const hit = { method: q.method, url: q.url, body,
			path: q.url.split('?')[0], headers: q.headers };
		const answer = this.answer(hit);

		this.hits.add(hit);
		if (answer)
			a.writeHead(answer.status ?? 200, answer.headers)
				.end(answer.body ?? '');
	}

	hit(path, options)
	{
		return this.hits.wait((h) => h.path === path, path, options);
	}

	/** Refuses connections from now on, until it listens again. */
	async stop()
	{
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}
}

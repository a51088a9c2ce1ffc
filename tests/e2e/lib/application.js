/**
 * @file application.js  An application that hooks reach over HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createServer as http } from 'node:http';
import { createServer as https } from 'node:https';
import { Journal } from './journal.js';


async function bodyOf(stream)
{
	const parts = [];

	for await (const part of stream)
		parts.push(part);

	return Buffer.concat(parts).toString();
}


/**
 * An HTTP server. `requests` holds each request that arrived: `method`,
 * `path`, `query`, `headers`, `body`, and `data`, the content of the hook;
 * `taken` if the answer was 2xx.
 */
export class Application {
	/**
	 * @param options `reply`: function of a request, returns the
	 *                answer: `status` (200), `headers`, `body` (an object
	 *                is sent as JSON), `delay` in ms; or false for no
	 *                answer. `tls`: key and cert
	 */
	static async start(s, { reply = () => ({}), tls, port = 0 } = {})
	{
		const a = new Application();
		const handler = (request, response) => a.take(request, response);

		a.reply = reply;
		a.requests = new Journal('application', (r) =>
			`${r.method} ${r.path} ${r.body}`);
		a.process = { name: 'application', log: a.requests, alive: true,
			kill: () => a.kill() };
		a.server = tls ? https(tls, handler) : http(handler);
		await new Promise((resolve) =>
			a.server.listen(port, '127.0.0.1', resolve));
		a.url = `http${tls ? 's' : ''}://127.0.0.1:` +
			a.server.address().port;

		return s.join(a);
	}

	async take(request, response)
	{
		const body = await bodyOf(request);
		const { pathname, searchParams, search } =
			new URL(request.url, this.url);
		const query = Object.fromEntries(searchParams);
		const item = { time: Date.now(), method: request.method,
			path: pathname, search, query, headers: request.headers,
			body, data: body ? JSON.parse(body) : query,
			toString: () => `${request.method} ${request.url}` };

		this.requests.add(item);
		const answer = await this.reply(item);
		if (answer)
			await this.answer(response, answer);
		item.taken = answer && (answer.status ?? 200) < 300;
		item.answered = Date.now();
	}

	async answer(response, { status = 200, headers = {}, body = '',
		delay = 0 })
	{
		await new Promise((resolve) => setTimeout(resolve, delay));
		response.writeHead(status, headers);
		response.end(typeof body === 'string' ?
			body : JSON.stringify(body));
	}

	/** The first request for a path, past or future. */
	request(path, options)
	{
		return this.requests.wait((r) => r.path === path,
			`request for ${path}`, options);
	}

	/** All requests for a path, so far. */
	all(path)
	{
		return this.requests.filter((r) => r.path === path);
	}

	/** Stops listening until comeBack(). */
	leave()
	{
		this.server.close();
		this.server.closeAllConnections();
	}

	comeBack()
	{
		const { port } = new URL(this.url);

		return new Promise((resolve) =>
			this.server.listen(Number(port), '127.0.0.1', resolve));
	}

	async kill()
	{
		this.process.alive = false;
		this.leave();
	}
}

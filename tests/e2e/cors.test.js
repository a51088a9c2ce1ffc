/**
 * @file cors.test.js  Pages of other origins: HTTP with and without permission
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Browser } from './lib/browser.js';
import { http } from './lib/http.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';

const BOT = 'bot-0123456789abcdef';


/* A referd that requires tokens and admits a server's page at 127.0.0.1;
   the same page at localhost has another origin */
async function guarded(s)
{
	const tokens = join(s.dir, 'tokens');
	const server = createServer((request, response) => {
		response.setHeader('Content-Type', 'text/html');
		response.end('<!doctype html><title>desk</title>');
	});

	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	s.join({ process: { name: 'desk', log: { items: [] }, alive: true,
		kill: () => {} }, kill: () => {
		server.close();
		server.closeAllConnections();
	} });
	const { port } = server.address();
	const page = `http://127.0.0.1:${port}`;

	writeFileSync(tokens, `bot controller ${BOT}\n`, { mode: 0o600 });
	const referd = await s.referd({ args: ['--token-file', tokens,
		'--allow-origin', `https://desk.example.com,${page}`] });

	return { referd, page, stranger: `http://localhost:${port}` };
}


/* In the browser: returns the response, or the error that the page gets */
function ask([url, method, token, body])
{
	return fetch(url, { method, body, headers: { 'Authorization':
		`Bearer ${token}`, 'Content-Type': 'application/json' } })
		.then(async (r) => ({ status: r.status,
			...await r.json() }), (e) => e.name);
}


scene('in a browser: a page that may come uses HTTP, another can not',
	async (s) => {
	const { referd, page, stranger } = await guarded(s);
	const node = await Node.connect(referd.socket);
	const b = await Browser.start(s);
	const send = (path, method = 'GET', token = BOT, body) =>
		b.page.evaluate(ask, [referd.http + path, method, token, body]);
	const dial = '{"to":"sip:bob@example.com"}';

	await b.page.goto(page);
	assert.equal((await send('/healthz')).nodes, 1);
	const dialled = send('/calls', 'POST', BOT, dial);

	await node.accept('dial');
	assert.equal((await dialled).status, 202);
	assert.equal((await send('/calls', 'POST', BOT, '{}')).field, 'to');
	const unknown = await send('/calls', 'GET', 'unknown');

	assert.equal(unknown.status, 401);
	assert.match(unknown.error, /token/);

	const { length } = node.requests;

	await b.page.goto(stranger);
	for (const [method, body] of [['GET'], ['POST', dial]])
		assert.equal(await send('/calls', method, BOT, body),
			'TypeError');
	assert.equal(await b.page.evaluate((url) => fetch(url, { method: 'POST',
		mode: 'no-cors', body: '{}' }).then((r) => r.type),
	`${referd.http}/calls`), 'opaque');
	assert.equal(node.requests.length, length);
});


scene('what a browser is told before, and with an answer', async (s) => {
	const { referd, page, stranger } = await guarded(s);
	const preflight = (Origin, path = '/calls') => http(referd.http + path, {
		method: 'OPTIONS', headers: { Origin,
			'Access-Control-Request-Method': 'POST',
			'Access-Control-Request-Headers':
				'authorization,content-type' } });
	const get = (headers) => http(`${referd.http}/calls`, { headers:
		{ Authorization: `Bearer ${BOT}`, ...headers } });

	for (const path of ['/calls', '/calls/1/verbs', '/transfers']) {
		const { status, text, headers } = await preflight(page, path);

		assert.equal(status, 200);
		assert.equal(text, '');
		assert.equal(headers['access-control-allow-origin'], page);
		assert.equal(headers.vary, 'Origin');
		assert.match(headers['access-control-allow-methods'],
			/GET.*POST/);
		assert.match(headers['access-control-allow-headers'],
			/Authorization.*Content-Type.*traceparent, tracestate/);
		assert.equal(headers['access-control-allow-credentials'],
			undefined);
	}

	const answer = await get({ Origin: page });

	assert.equal(answer.status, 200);
	assert.equal(answer.headers['access-control-allow-origin'], page);
	assert.equal(answer.headers.vary, 'Origin');

	for (const origin of [stranger, 'null', '*', `${page}0`]) {
		for (const { status, headers } of [await preflight(origin),
			await get({ Origin: origin })]) {
			assert.equal(status, 403);
			assert.equal(headers['access-control-allow-origin'],
				undefined);
		}
	}

	/* referd's own page, and requests without Origin, do not need it */
	for (const headers of [{ Origin: referd.http }, {}])
		assert.equal((await get(headers))
			.headers['access-control-allow-origin'], undefined);
	assert.equal((await preflight(referd.http)).status, 401);
});


scene('HEAD is answered as GET, but for the body', async (s) => {
	const { referd } = await guarded(s);
	const headers = { Authorization: `Bearer ${BOT}` };

	for (const path of ['/healthz', '/calls', '/metrics', '/nothing']) {
		const get = await http(referd.http + path, { headers });
		const head = await http(referd.http + path,
			{ method: 'HEAD', headers });

		assert.equal(head.status, get.status);
		assert.equal(head.text, '');
		assert.equal(head.headers['content-type'],
			get.headers['content-type']);
		assert.ok(Number(head.headers['content-length']) > 0);
	}
});

/**
 * @file auth.test.js  Authentication and permissions of clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from './lib/client.js';
import { http, upgrade } from './lib/http.js';
import { Node } from './lib/node.js';
import { Process } from './lib/process.js';
import { scene, settings } from './lib/scene.js';

const BOT = 'bot-0123456789abcdef';
const WALL = 'wall-0123456789abcdef';
const WRONG = 'wrong-0123456789abcdef';

const TOKENS = `# who may come

bot  controller ${BOT}
wall observer   ${WALL}
`;


function bearer(token)
{
	return { headers: { Authorization: `Bearer ${token}` } };
}


function writeTokens(path, text = TOKENS)
{
	writeFileSync(path, text);
	chmodSync(path, 0o600);
}


/* Starts a referd that requires tokens; `args` are appended */
async function guarded(s, { listen, args = [] } = {})
{
	const tokens = join(s.dir, 'tokens');

	writeTokens(tokens);

	const referd = await s.referd({ listen,
		args: ['--token-file', tokens, ...args] });
	const node = await Node.connect(referd.socket);

	return { referd, node, tokens };
}


async function liveCall(client, node)
{
	const call = node.call();

	await client.message('session:new', { call_sid: call.sid });

	return call;
}


/* Runs a referd that must not start; returns its one line of output */
async function refused(s, ...args)
{
	const p = new Process('referd', [settings.referd,
		'--socket', join(s.dir, 'x.sock'), '--state', join(s.dir, 'x'),
		...args]);

	assert.equal(await p.ended(), 1);
	assert.equal(p.log.length, 1, p.log.items.join('\n'));

	return p.log.items[0];
}


scene('a token comes by header, by query, or in the first frame',
	async (s) => {
	const { referd: { ws, http: url } } = await guarded(s);

	const byHeader = await Client.connect(ws, bearer(BOT));
	const byQuery = await Client.connect(`${ws}?access_token=${BOT}`);
	const byFrame = await Client.connect(ws);

	s.clients.push(byHeader, byQuery, byFrame);
	byFrame.send({ type: 'auth', token: WALL });

	for (const c of [byHeader, byQuery])
		assert.equal((await c.message('hello')).data.role,
			'controller');
	assert.equal((await byFrame.message('hello')).data.role, 'observer');

	assert.equal((await http(`${url}/calls`, bearer(BOT))).status, 200);
	assert.equal((await http(`${url}/calls`, bearer(WALL))).status, 200);
});


scene('the jambonz dialect asks for a token as well', async (s) => {
	const { referd: { ws }, node } = await guarded(s);
	const protocol = 'ws.jambonz.org';
	const c = await Client.connect(ws, { protocol });

	s.clients.push(c);
	c.send({ type: 'auth', token: BOT });
	c.send({ type: 'command', command: 'redirect', data: [] });
	await c.message('jambonz:error');

	const call = await liveCall(c, node);

	c.send({ verb: 'hangup', call_sid: call.sid });
	await node.accept();
	assert.equal(await upgrade(`${ws}?access_token=${WRONG}`,
		{ 'Sec-WebSocket-Protocol': protocol }), 401);
});


scene('without a known token nobody gets in', async (s) => {
	const { referd: { ws, http: url } } = await guarded(s);

	assert.equal(await upgrade(`${ws}?access_token=${WRONG}`), 401);
	assert.equal(await upgrade(`${ws}?access_token=${'x'.repeat(2000)}`),
		401);
	for (const value of [`Bearer ${WRONG}`, `Bearer ${BOT}x`, 'Bearer ',
		`Basic ${BOT}`, BOT, `Bearer ${BOT.slice(0, -1)}`,
		`Bearer ${'x'.repeat(2000)}`]) {
		const headers = { Authorization: value };

		assert.equal(await upgrade(ws, headers), 401);
		for (const path of ['/calls', '/transfers', '/metrics'])
			assert.equal((await http(url + path, { headers }))
				.status, 401);
	}

	for (const path of ['/calls', '/calls/x', '/transfers', '/metrics',
		`/calls?access_token=${BOT}`]) {
		const answer = await http(url + path);

		assert.equal(answer.status, 401, path);
		assert.match(JSON.parse(answer.text).error, /token/);
		assert.match(answer.headers['www-authenticate'], /^Bearer/);
	}
	assert.equal((await http(`${url}/calls`, { method: 'POST',
		body: '{"to":"sip:bob@example.com"}' })).status, 401);
});


scene('a first frame that is no token, or none at all, ends it',
	async (s) => {
	const { referd: { ws }, node } = await guarded(s);
	const frames = [{ type: 'auth', token: WRONG }, { type: 'auth' },
		{ type: 'auth', token: 17 }, { verb: 'hangup' }, '[', '',
		'x'.repeat(5000), { type: 'auth', token: BOT, pad:
			'x'.repeat(2000) }];
	const silent = await Client.connect(ws);
	const begun = Date.now();

	for (const frame of frames) {
		const c = await Client.connect(ws);

		c.send(frame);
		c.send({ verb: 'hangup' });
		assert.equal((await c.closed).code, 4001);
		assert.equal(c.messages.length, 0);
	}

	/* No message got through, and referd closes a silent connection */
	const { code, reason } = await silent.closed;

	assert.equal(code, 4001);
	assert.match(reason, /token/);
	assert.ok(Date.now() - begun < 20_000);
	assert.equal(silent.messages.length, 0);
	assert.equal(node.requests.length, 0);
});


scene('the page comes without a token, and health says no more than that',
	async (s) => {
	const { referd: { http: url } } = await guarded(s);

	for (const path of ['/', '/app.js', '/style.css'])
		assert.equal((await http(url + path)).status, 200);
	assert.deepEqual(JSON.parse((await http(`${url}/healthz`)).text),
		{ status: 'ok' });

	const told = JSON.parse((await http(`${url}/healthz`, bearer(WALL)))
		.text);

	assert.equal(told.nodes, 1);
	assert.match((await http(`${url}/metrics`, bearer(WALL))).text,
		/^referd_calls 0$/m);
});


scene('an observer sees everything and can do nothing', async (s) => {
	const { referd, node } = await guarded(s);
	const wall = await s.client(referd, { query: '?client=wall',
		...bearer(WALL) });
	const bot = await s.client(referd, bearer(BOT));
	const call = await liveCall(wall, node);

	for (const message of [
		{ verb: 'hangup', call_sid: call.sid, msgid: '1' },
		{ type: 'command', command: 'dial', msgid: '1',
			data: { to: 'sip:bob@example.com' } },
		{ type: 'command', command: 'call:status', msgid: '1',
			callSid: call.sid,
			data: { call_status: 'completed' } },
		{ type: 'ack', msgid: '1' }]) {
		const from = wall.now;

		wall.send(message);
		const { data } = await wall.message('jambonz:error', {},
			{ from });

		assert.match(data.error, /^The role observer cannot/);
		assert.equal(data.ref, '1');
	}

	for (const path of ['/calls', `/calls/${call.sid}/verbs`]) {
		const answer = await http(referd.http + path, { method: 'POST',
			body: '{"verb":"hangup"}', ...bearer(WALL) });

		assert.equal(answer.status, 403);
		assert.match(JSON.parse(answer.text).error, /role observer/);
	}

	bot.send({ verb: 'sip:refer', referTo: '1', call_sid: call.sid });
	const t = await node.transfer(call);

	t.end(200);
	await wall.message('transfer:status', { step: 'ended' });
	await wall.message('hook:status', { event: 'answered' });
	assert.equal(wall.all('verb:hook').length, 0);
	assert.equal(node.requests.length, 1);
});


scene("an observer can't stand in for a controller", async (s) => {
	const { referd, node } = await guarded(s);
	const query = '?client=bot';
	const bot = await s.client(referd, { query, ...bearer(BOT) });
	const call = await liveCall(bot, node);

	bot.send({ verb: 'sip:refer', referTo: '1', call_sid: call.sid });
	const t = await node.transfer(call);

	bot.socket.terminate();

	const thief = await s.client(referd, { query, ...bearer(WALL) });

	assert.equal((await thief.message('hello')).data.client, 'bot');
	t.end(200);
	await thief.message('transfer:status', { step: 'ended' });

	const back = await s.client(referd, { query, ...bearer(BOT) });

	await back.message('hook:status', { event: 'answered' });
	assert.equal(back.all('verb:hook').length, 1);
	assert.equal(thief.all('verb:hook').length, 0);
});


scene('a name is not taken over by another token', async (s) => {
	const { referd, tokens } = await guarded(s);
	const query = '?client=bot';

	writeTokens(tokens, `${TOKENS}two controller ${BOT}2\n`);
	await referd.kill('SIGTERM');
	await referd.run();

	const bot = await s.client(referd, { query, ...bearer(BOT) });
	const two = await Client.connect(referd.ws + query,
		bearer(`${BOT}2`));

	assert.equal((await two.closed).code, 4001);
	bot.send({ verb: 'hangup' });
	await bot.message('jambonz:error');
});


scene('other addresses than loopback take a token', async (s) => {
	const anywhere = ['--listen', '10.77.0.1:0'];
	const said = await refused(s, ...anywhere);

	assert.match(said, /without tokens.*--token-file/);

	const { referd: { ws, http: url } } = await guarded(s,
		{ listen: '0.0.0.0:0' });
	const { port } = new URL(url);
	const far = `10.77.0.1:${port}`;
	const c = await Client.connect(`ws://${far}/ws`, bearer(BOT));

	s.clients.push(c);
	await c.message('hello');
	assert.equal(await upgrade(`ws://${far}/ws`, { ...bearer(BOT).headers,
		Origin: 'http://evil.example' }), 403);
	assert.equal((await http(`http://${far}/calls`, bearer(BOT))).status,
		200);
	assert.equal((await http(`http://${far}/`)).status, 200);
	assert.ok(ws);
});


scene('a token file that is wrong is told in a sentence', async (s) => {
	const file = join(s.dir, 'file');
	const t = BOT;
	const more = Array.from({ length: 1025 }, (_, i) =>
		`n${i} observer ${t}${i}`).join('\n');

	for (const [text, error] of [['', /no token/], ['# none\n', /no token/],
		['bot controller\n', /line 1: the line must have/],
		[`bot controller ${t} x\n`, /the line must have/],
		[`\nbot admin ${t}\n`, /line 2: the role must be/],
		['bot controller short\n', /the token must have 16/],
		[`bot controller ${'x'.repeat(300)}\n`, /16 to 256/],
		[`bot controller ${'x'.repeat(600)}\n`, /line is too long/],
		[`b\u00f6t controller ${t}\n`, /the name must have/],
		[`bot controller ${t}\nbot observer ${t}2\n`, /the name must appear only once/],
		[`bot controller ${t}\ntwo observer ${t}\n`, /the token must appear only once/],
		[more, /at most 1024 tokens/]]) {
		writeTokens(file, text);
		const said = await refused(s, '--token-file', file);

		assert.match(said, error);
		assert.ok(!said.includes(t), said);
	}

	writeTokens(file);
	for (const mode of [0o604, 0o602]) {
		chmodSync(file, mode);
		assert.match(await refused(s, '--token-file', file),
			/not be accessible to other users/);
	}
	assert.match(await refused(s, '--token-file', join(s.dir, 'none')),
		/cannot read the tokens/);
});


scene('the host may be any name of loopback, the origin one of a list',
	async (s) => {
	const referd = await s.referd({ listen: '127.0.0.9:0', args: [
		'--allow-origin',
		'https://desk.example.com,http://b.example:81'] });
	const { host, port } = new URL(referd.http);
	const status = async (headers) => {
		const { status: got } = await http(`${referd.http}/calls`,
			{ headers });

		assert.equal(await upgrade(referd.ws, headers) === 403,
			got === 403, JSON.stringify(headers));

		return got;
	};

	for (const Host of [`localhost:${port}`, `127.0.0.1:${port}`,
		`[::1]:${port}`, 'LOCALHOST', host])
		assert.notEqual(await status({ Host }), 403);
	for (const Host of ['evil.example', `localhost.evil.example:${port}`,
		`127.0.0.1.evil.example:${port}`, '127.0.0.9:1',
		'10.77.0.1'])
		assert.equal(await status({ Host }), 403, Host);

	for (const Origin of ['https://desk.example.com', `http://${host}`,
		'http://b.example:81'])
		assert.notEqual(await status({ Host: host, Origin }), 403);
	for (const Origin of ['https://desk.example.com:1', 'null', 'https://',
		'http://desk.example.com', 'https://desk.example.com.evil',
		'http://b.example', `x${host}`,
		'https://desk.example.com,http://b.example:81'])
		assert.equal(await status({ Host: host, Origin }), 403,
			Origin);

	/* A page can send this request without a preflight (CORS) */
	const posted = await http(`${referd.http}/calls`, { method: 'POST',
		body: '{"to":"sip:bob@example.com"}', headers: {
			'Content-Type': 'text/plain',
			Origin: 'http://evil.example' } });

	assert.equal(posted.status, 403);
});


scene('no token is ever logged', async (s) => {
	const { referd } = await guarded(s, { args: ['--log-level', 'debug'] });
	const { ws, http: url } = referd;

	for (const token of [BOT, WRONG]) {
		await upgrade(`${ws}?access_token=${token}`);
		await upgrade(`${ws}?client=a%20b&access_token=${token}`);
		await upgrade(`${ws}x?access_token=${token}`);
		await http(`${url}/calls?access_token=${token}`,
			bearer(token));
		await http(`${url}/?access_token=${token}`);
		const c = await Client.connect(ws);

		c.send({ type: 'auth', token });
		c.send({ type: 'auth', token });
		c.send({ verb: 'sip:refer', actionHook: {
			url: `http://user:${token}@127.0.0.1/`,
			username: 'bot', password: token } });
		await Promise.race([c.closed, c.messages.wait((m) =>
			m.data?.field === 'call_sid', 'the refusal')]);
		c.socket.terminate();
	}

	assert.equal(await referd.kill('SIGTERM'), 0);

	const log = referd.process.log.items.join('\n');

	for (const token of [BOT, WRONG, WALL])
		assert.ok(!log.includes(token), log);
	assert.ok(readFileSync(join(s.dir, 'tokens'), 'utf8').includes(BOT));
});

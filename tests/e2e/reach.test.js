/**
 * @file reach.test.js  Connections to an application, and reconnections
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bot } from './lib/bot.js';
import { Far } from './lib/far.js';
import { inTransfer, MANUAL, parties } from './lib/jambonz.js';
import { NO_NAMES, Names, usable } from './lib/names.js';
import { connect, cutOff } from './lib/network.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';

const BOT = '10.77.0.30';
const SILENT = 'fd78::1';
const CUT = '10.79.0.1';
const ANSWER = { first: [['answer', {}]] };
const skip = !await usable() && NO_NAMES;


scene('a name server that does not answer holds up nobody', async (s) => {
	const names = await Names.start(s, { 'bot.test': null });
	const { far, referd } = await parties(s, 'sdk',
		{ host: 'bot.test', fragment: '#rc=1', wish: ANSWER });
	const leg = await far.ring();

	await names.questions.wait((name) => name === 'bot.test', 'question');
	const begin = Date.now();
	assert.equal((await fetch(`${referd.http}/healthz`)).status, 200);
	/* the system's resolver gives up after 10 s */
	assert.ok(Date.now() - begin < 5000);
	assert.equal((await leg.response).status, 480);
}, { skip });


scene('a name that does not exist: 480', async (s) => {
	await Names.start(s, {});
	const { bot, far } = await parties(s, 'sdk',
		{ host: 'bot.test', fragment: '#rc=1', wish: ANSWER });
	const leg = await far.ring();

	assert.equal((await leg.response).status, 480);
	assert.equal(bot.all('session:new').length, 0);
}, { skip });


/* The system sorts them: a loopback address and IPv6 come first (RFC 6724) */
for (const [what, first] of [['refuses', '127.0.0.1'], ['is silent', SILENT]]) {
	scene(`the first address ${what}: the next is taken`, async (s) => {
		await Names.start(s, { 'bot.test': [first, BOT] });
		const { bot, far } = await parties(s, 'sdk', { host: 'bot.test',
			fragment: '#rc=1', wish: { ip: BOT, ...ANSWER } });

		await far.call();
		await bot.event('session:new');
		assert.equal(bot.all('session:new').length, 1);
	}, { skip });
}


/* An application that takes no connection, and counts the attempts. */
async function stubborn(s, answer)
{
	const a = { asked: 0 };
	const server = createServer((request, response) => {
		++a.asked;
		if (answer)
			response.writeHead(answer).end();
	});

	server.on('upgrade', (request, socket) => {
		++a.asked;
		socket.on('error', () => {});
		if (answer)
			socket.end(`HTTP/1.1 ${answer} No\r\n` +
				'Content-Length: 0\r\n\r\n');
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	a.host = `127.0.0.1:${server.address().port}`;
	s.join({ process: { name: 'application', log: { items: [] },
		alive: true, kill: () => {} }, kill: () => {
		server.close();
		server.closeAllConnections();
	} });

	return a;
}


/* The application's answer, if any; the policy; the number of requests */
const policies = [
	['ws', 503, '#rc=2', 1],
	['ws', 503, '#rc=2&rp=5xx', 3],
	['ws', 403, '#rc=1&rp=5xx', 1],
	['ws', 403, '#rc=1&rp=4xx', 2],
	['ws', 403, '#rc=1&rp=all', 2],
	['ws', null, '#rc=1', 2],
	['ws', null, '#rc=1&rp=4xx', 1],
	['ws', null, '#rc=1&rp=rt', 2],
	['ws', null, '#rc=1&rp=5xx,rt', 2],
	['http', 503, '', 1],
	['http', 503, '#rc=1', 1],
	['http', 503, '#rc=2&rp=5xx', 3],
	['http', 403, '#rc=1&rp=ct,4xx', 2],
	['http', null, '#rc=1&rp=rt', 2],
];

for (const [scheme, answer, policy, asked] of policies) {
	scene(`${scheme}, ${answer ?? 'silence'}, ${policy || 'no policy'}: ` +
		`asked ${asked === 1 ? 'once' : `${asked} times`}`,
	async (s) => {
		const a = await stubborn(s, answer);
		const far = await Far.start(s);

		await s.control({ gateway: MANUAL, referd: { args: ['--app',
			`${scheme}://${a.host}/bot${policy}`] } });
		const leg = await far.ring();

		assert.equal((await leg.response).status, 480);
		assert.equal(a.asked, asked);
	});
}


/* Its TCP accepts them all, but it serves the last only after 1.7 s. */
scene('a bot that needs 85 ms for each session has all of 20 at once',
	async (s) => {
	const bot = await Bot.start(s, 'slow', { slow: 85 });
	const referd = await s.referd({ args: ['--app',
		`ws://${bot.host}/bot`] });
	const node = await Node.connect(referd.socket);
	const calls = Array.from({ length: 20 }, () =>
		node.call({ state: 'ringing' }).sid);

	for (let i = 0; i < calls.length; i++) {
		const { verbs } = await node.accept();

		assert.deepEqual(verbs.map((v) => v.verb), ['answer']);
	}
	for (const sid of calls)
		await bot.event('session:new', { call_sid: sid });
	assert.equal(bot.all('session:new').length, calls.length);
	node.disconnect();
});


/* How long the network is away, and whether the connection outlives that. */
const cuts = [['for a moment', 3000, true], ['for long', 14_000, false]];

/* The SDK presents a reconnection to its user as a new session. */
const packages = [['sdk', 'session:new'],
	['node-client-ws', 'session:reconnect']];

async function cutInTransfer(s, name, options)
{
	await connect(CUT);
	const p = await inTransfer(s, name, { wish: { ip: CUT }, ...options });

	await cutOff(CUT);

	return p;
}


for (const [name, back] of packages) {
	for (const [how, ms, stays] of cuts) {
		scene(`${name}: the network is gone ${how}, and no result is`,
			async (s) => {
			const { h, bot, client } = await cutInTransfer(s, name);

			await h.finish();
			await client.message('transfer:status',
				{ outcome: 'transferred' });
			await sleep(ms);
			await connect(CUT);

			await bot.event('action',
				{ final_referred_call_status: 200 });
			await bot.event('close');
			assert.deepEqual(bot.all('event')
				.map((e) => e.data.call_status), [180, 200]);
			assert.equal(bot.all('action').length, 1);
			assert.deepEqual(bot.all('call:status')
				.map((e) => e.data.call_status),
			['in-progress', 'completed']);
			assert.equal(bot.all(back).length,
				(back === 'session:new' ? 1 : 0) +
				(stays ? 0 : 1));
		});
	}
}


/* The network is down for longer than the limit for a sign of life. TCP has
   nothing to send meanwhile, so it does not notice. */
scene('an application that is gone without a word is looked for',
	async (s) => {
	const { h, bot } = await cutInTransfer(s, 'node-client-ws',
		{ args: ['--idle-time', '3'] });

	await sleep(5000);
	await connect(CUT);
	await bot.event('session:reconnect');
	await h.finish();
	await bot.event('action', { final_referred_call_status: 200 });
	assert.equal(bot.all('action').length, 1);
});


scene('an application that is there, and silent, is left alone',
	async (s) => {
	const { h, bot } = await inTransfer(s, 'node-client-ws',
		{ args: ['--idle-time', '3'] });

	await sleep(7000);
	await h.finish();
	await bot.event('action', { final_referred_call_status: 200 });
	assert.equal(bot.all('session:reconnect').length, 0);
});


scene('what the bot says to a late result is done', async (s) => {
	const { h, bot, client } = await cutInTransfer(s, 'sdk');

	await h.finish('486 Busy Here');
	await client.message('transfer:status', { outcome: 'failed' });
	delete h.finish;
	await sleep(14_000);
	await connect(CUT);

	await bot.event('action', { final_referred_call_status: 486 });
	await client.messages.wait((m) => m.type === 'transfer:status' &&
		m.data.step === 'progress' && m.data.refer_to.includes('200'),
		'second transfer');
	await h.finish();
	await bot.event('action', { final_referred_call_status: 200 });
	assert.equal(bot.all('action').length, 2);
});

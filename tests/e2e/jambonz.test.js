/**
 * @file jambonz.test.js  Applications of jambonz run unchanged
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { Application } from './lib/application.js';
import { played, writeWav } from './lib/audio.js';
import { Bot } from './lib/bot.js';
import { certificate } from './lib/certificate.js';
import { Far } from './lib/far.js';
import { busyThenFree, FILE, held, inTransfer, LEVEL, MANUAL, parties } from
	'./lib/jambonz.js';
import { NO_NAMES, usable } from './lib/names.js';
import { scene } from './lib/scene.js';
import { validate } from './lib/schema.js';

const SECRET = 'wh_secret-of-the-account';


/* By event of a bot: the schema that its data must follow. */
const schemas = { 'session:new': 'session-new', bot: 'session-new',
	'session:reconnect': 'session-reconnect', event: 'sip-refer-event',
	action: 'sip-refer', 'call:status': 'call-status',
	'call-status': 'call-status', 'verb:status': 'verb-status' };


function checkAll(bot)
{
	for (const { event, data } of bot.events.items) {
		if (schemas[event])
			validate(schemas[event], data);
	}
}


/* The file has 15 packets, and there may be silence between. */
function heardTwice(leg)
{
	const runs = played(leg.media, [LEVEL]);

	return runs.reduce((sum, r) => sum + r.packets, 0) >= 26;
}


/* A bot's log of a failed transfer, and of a successful one. */
async function story({ bot, far, client })
{
	const leg = await far.call({ 'X-Customer': '17' });

	await bot.event('action', { final_referred_call_status: 486 });
	await bot.event('action', { final_referred_call_status: 200 });
	await client.message('call:status', { call_status: 'completed' });

	assert.ok(heardTwice(leg));
	assert.deepEqual(bot.all('event').map((e) => e.data.call_status),
		[180, 486, 180, 200]);
	assert.deepEqual(bot.all('action').map((e) => e.data.refer_status),
		[202, 202]);
	assert.equal(client.all('transfer:status').filter((m) =>
		m.data.step === 'ended').length, 2);

	return leg;
}


for (const name of ['sdk', 'node-client-ws']) {
	scene(`${name}: answer, play, transfer; it fails; play, transfer`,
		async (s) => {
		const p = await parties(s, name);
		const leg = await story(p);
		const [first, ...more] = p.bot.all('session:new');

		assert.equal(more.length, 0);
		assert.equal(first.data.call_id, leg.id);
		assert.equal(first.data.sip.headers['X-Customer'], '17');

		const { code } = await p.bot.event('close');
		assert.equal(code, 1000);
		assert.equal(p.bot.all('call:status').at(-1).data.call_status,
			'completed');
		checkAll(p.bot);
	});
}


scene('webhook: answer, play, transfer; it fails; play, transfer',
	async (s) => {
	const file = join(s.dir, 'secret');

	writeFileSync(file, SECRET, { mode: 0o600 });
	const p = await parties(s, 'webhook', { user: 'ann:se%20cret@',
		wish: { secret: SECRET }, args: ['--hook-secret-file', file] });

	await p.far.call({ 'X-Customer': '17', 'X-Tab': 'a\tb "c" \\ ä/' })
		.then((leg) => (p.leg = leg));
	await p.bot.event('action', { final_referred_call_status: 486 });
	await p.bot.event('action', { final_referred_call_status: 200 });
	await p.client.message('call:status', { call_status: 'completed' });
	await p.bot.event('call-status', { call_status: 'completed' });

	assert.equal(p.bot.all('bot').length, 1);
	assert.equal(p.bot.all('bot')[0].data.sip.headers['X-Customer'], '17');
	assert.ok(heardTwice(p.leg));

	const basic = `Basic ${Buffer.from('ann:se cret').toString('base64')}`;
	for (const e of p.bot.events.items.slice(1))
		assert.deepEqual([e.authorization, e.signature],
			[basic, 'verified'], e.event);
	checkAll(p.bot);
});


scene('the credentials of the URL are sent', async (s) => {
	const { bot, far } = await parties(s, 'sdk',
		{ user: 'ann:se%20cret@', wish: { first: [['answer', {}]] } });

	await far.call();
	const { authorization } = await bot.event('upgrade');
	assert.equal(authorization,
		`Basic ${Buffer.from('ann:se cret').toString('base64')}`);
});


scene('a bot that does not answer: 480 after 5 s', async (s) => {
	const { bot, far } = await parties(s, 'sdk', { wish: { silent: true } });
	const leg = await far.ring();
	const begin = Date.now();
	const response = await leg.response;

	assert.equal(response.status, 480);
	assert.ok(Date.now() - begin > 4500 && Date.now() - begin < 8000);
	assert.equal((await bot.event('close')).code, 1001);
});


scene('a bot that says nothing: 480 at once', async (s) => {
	const { far } = await parties(s, 'sdk', { wish: { first: [] } });
	const leg = await far.ring();

	assert.equal((await leg.response).status, 480);
});


scene('no bot: 480 when the policy gives up', async (s) => {
	const { bot, far } = await parties(s, 'sdk', { fragment: '#rc=1' });

	await bot.kill();
	const leg = await far.ring();

	assert.equal((await leg.response).status, 480);
});


scene('a verb that this gateway can not run is refused by name',
	async (s) => {
	const { bot, far, client } = await parties(s, 'sdk', { wish: { first:
		[['answer', {}], ['say', { text: 'Hello' }]] } });
	const leg = await far.ring();
	const { data } = await bot.event('jambonz:error');

	assert.match(data.error, /say/);
	assert.equal(data.verb, 'say');
	assert.equal(client.all('verb:status').length, 0);
	assert.equal((await leg.response).status, 480);
});


scene('the map has an application, none, and another', async (s) => {
	const map = join(s.dir, 'map');
	const wish = { first: [['answer', {}]] };
	const sdk = await Bot.start(s, 'sdk', wish);
	const other = await Bot.start(s, 'node-client-ws', wish);

	writeFileSync(map, `# called application\nno* -\n\n` +
		`g?\tws://${sdk.host}/bot\n`);
	const far = await Far.start(s);
	const { client } = await s.control({ gateway: MANUAL,
		referd: { args: ['--app', `ws://${other.host}/bot`,
			'--app-map', map] } });

	await far.call();
	await sdk.event('session:new', { to: 'gw' });
	await client.message('call:status', { call_status: 'in-progress' });
	assert.equal(other.all('session:new').length, 0);
});


scene('a call that is dialled gets its application when it is answered',
	async (s) => {
	const bot = await Bot.start(s, 'sdk', { targets: ['300'],
		file: FILE });
	const far = await Far.start(s, { handlers: { REFER: busyThenFree } });
	const { referd } = await s.control({ gateway: { config: {
		audio_path: s.dir } } });

	writeWav(join(s.dir, FILE), LEVEL, 0.3);
	const response = await fetch(`${referd.http}/calls`, { method: 'POST',
		body: JSON.stringify({ to: `sip:far@${far.ip}:5060`,
			app: { url: `ws://${bot.host}/bot` } }) });
	const { call_sid: sid } = await response.json();

	assert.equal(response.status, 202);
	const { data } = await bot.event('session:new');
	assert.equal(data.call_sid, sid);
	assert.equal(data.direction, 'outbound');
	assert.equal(data.call_status, 'in-progress');
	await bot.event('action', { final_referred_call_status: 200 });
});


/* The SDK presents a reconnection as a new session. */
for (const [name, back] of [['sdk', 'session:new'],
	['node-client-ws', 'session:reconnect']]) {
	scene(`${name}: the bot is killed in mid-transfer, and comes back`,
		(s) => killBot(s, name, back));
	scene(`${name}: referd is killed in mid-transfer`,
		(s) => killReferd(s, name, back),
		{ daemon: 'its calls end with it' });
}


async function killBot(s, name, back)
{
	const { h, bot, client } = await inTransfer(s, name);

	await bot.kill();
	await h.finish();
	await client.message('transfer:status', { outcome: 'transferred' });
	await bot.run();

	const { data } = await bot.event(back);
	assert.equal(data.direction, 'inbound');
	await bot.event('action', { final_referred_call_status: 200 });
	await bot.event('close');
	checkAll(bot);
	assert.equal(bot.all('action').length, 1);
	assert.equal(client.all('transfer:status').filter((m) =>
		m.data.step === 'requested').length, 1);
}


async function killReferd(s, name, back)
{
	const { h, bot, referd } = await inTransfer(s, name);
	const from = bot.events.length;

	await referd.kill();
	await h.finish();
	await referd.run();

	await bot.events.wait((e) => e.event === back, back, { from });
	await bot.event('action', { final_referred_call_status: 200 });
	assert.equal(bot.all('action').length, 1);
	assert.deepEqual(bot.all('event').map((e) => e.data.call_status),
		[180, 200]);
}


scene('a redirect elsewhere hands the call over', async (s) => {
	const wish = { first: [['answer', {}]] };
	const next = await Bot.start(s, 'node-client-ws', wish);
	const web = await Bot.start(s, 'webhook', { first: [
		['redirect', { actionHook: `ws://${next.host}/bot` }]] });
	const bot = await Bot.start(s, 'sdk', { first: [['answer', {}],
		['redirect', { actionHook: `http://${web.host}/bot` }]] });
	const far = await Far.start(s);

	await s.control({ gateway: MANUAL,
		referd: { args: ['--app', `ws://${bot.host}/bot`] } });
	const leg = await far.call();

	assert.equal((await bot.event('close')).code, 1000);
	await web.event('bot', { call_id: leg.id });
	await next.event('session:new', { call_id: leg.id });
});


scene('a bot that closes with 1000 leaves the call alone', async (s) => {
	const { bot, far, client } = await parties(s, 'sdk', { wish: {
		first: [['answer', {}]], leaves: true } });

	await far.call();
	assert.equal((await bot.event('close')).code, 1000);
	/* a retry would come within 1.5 s */
	client.send({ verb: 'pause', length: 1.5 });
	await client.message('verb:status',
		{ event: 'finished', verb: 'pause' });
	assert.equal(bot.all('session:new').length, 1);
	assert.equal(client.all('call:status').at(-1).data.call_status,
		'in-progress');
});


/* The bot has left: referd awaits no ack of its relative eventHook. */
scene('a bot that closes with 1000 in mid-transfer holds no hook back',
	async (s) => {
	const web = await Application.start(s);
	const h = held();
	const { bot, far, client } = await parties(s, 'node-client-ws',
		{ REFER: h.REFER, wish: { mute: true, leaves: true,
			first: [['answer', {}], ['sip_refer',
				{ referTo: '100', eventHook: '/event',
					actionHook: `${web.url}/action` }]] } });

	await far.call();
	await bot.event('event', { call_status: 180 });
	assert.equal((await bot.event('close')).code, 1000);
	const { data } = await client.message('hook:status',
		{ hook: '/event', event: 'failed' });
	assert.equal(data.reason, 'the application has closed');

	const begin = Date.now();
	await h.finish('486 Busy Here');
	assert.equal((await web.request('/action')).data
		.final_referred_call_status, 486);
	assert.ok(Date.now() - begin < 5000);

	/* the call ends after its last verb */
	await client.message('call:status', { call_status: 'completed' });
});


const named = await usable();

/* The certificate's only name is localhost. */
for (const [host, trusted, status] of [['localhost', true, 200],
	['127.0.0.1', true, 480], ['localhost', false, 480]]) {
	scene(`wss: ${host}, certificate ${trusted ? '' : 'not '}trusted: ` +
		status, async (s) => {
		const pem = certificate(s.dir, 'DNS:localhost');
		const bot = await Bot.start(s, 'sdk', { certificate: pem,
			first: [['answer', {}]] });
		const far = await Far.start(s);
		const { port } = bot.wish;

		if (trusted)
			process.env.SSL_CERT_FILE = pem;
		await s.control({ gateway: MANUAL, referd: { args: ['--app',
			`wss://${host}:${port}/bot#rc=1`] } });
		delete process.env.SSL_CERT_FILE;

		const leg = await far.ring();

		assert.equal((await leg.response).status, status);
		assert.equal(bot.all('session:new').length,
			status === 200 ? 1 : 0);
	}, { skip: host === 'localhost' && !named &&
		NO_NAMES });
}

/**
 * @file fleet-creds.test.js  A fleet on servers that accept JWTs only
 *
 * The servers trust an operator. Its account has JetStream, and the users of
 * the account have the permissions that `referctl fleet config` prints. The
 * baresips are the test.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Operator, credsText } from './lib/jwt.js';
import { Cluster, NO_FLEET as skip } from './lib/nats.js';
import { makeNkey } from './lib/nkey.js';
import { Node } from './lib/node.js';
import { Referctl } from './lib/referctl.js';
import { scene, settings } from './lib/scene.js';
import { sanitizerOptions } from './lib/settings.js';
import { until } from './lib/until.js';

const NAMES = ['gw1', 'gw2'];


/* What the printed configuration permits: `publish`, `subscribe` by user */
function permissions(urls)
{
	const text = execFileSync(settings.referctl, ['fleet', 'config',
		...NAMES, '--fleet', urls], { encoding: 'utf8',
		env: { ...process.env, ...sanitizerOptions() } });
	const list = (words) => words.match(/[^\s",]+/g);

	return Object.fromEntries([...text.matchAll(
		/# (\w+)\n.*?publish: \[(.*?)\].*?subscribe: \[(.*?)\]/gs)]
		.map(([, name, publish, subscribe]) => [name, {
			publish: list(publish), subscribe: list(subscribe) }]));
}


/* The state of the fleet, when a member has tried to connect */
function stateOf(referd)
{
	return until(async () => {
		const answer = await fetch(`${referd.http}/healthz`);
		const { fleet } = await answer.json();

		return fleet.reason !== 'not connected yet' && fleet;
	}, 'attempt to connect');
}


/* Servers of an operator, and the files of the credentials of their users */
class Realm {
	static async start(s, servers = 1)
	{
		const realm = new Realm();
		const operator = new Operator();
		const cluster = await Cluster.join(s, { servers,
			extra: operator.config(), stream: false });

		Object.assign(realm, { s, operator, cluster,
			urls: cluster.urls(), may: permissions(cluster.urls()) });

		return realm;
	}

	/** A user; `options` as of Operator.user(). */
	user(name, options)
	{
		return this.operator.user({ ...this.may[name], ...options });
	}

	/** The file of a user's credentials. */
	path(name)
	{
		return join(this.s.dir, `${name}.creds`);
	}

	/** Writes that file, in place of an earlier one. */
	issue(name, options)
	{
		const path = this.path(name);

		writeFileSync(`${path}.new`, credsText(this.user(name, options)));
		renameSync(`${path}.new`, path);
	}

	as(name)
	{
		return ['--fleet', this.urls, '--fleet-node', name,
			'--fleet-creds', this.path(name)];
	}

	ctl(verb, name, ...args)
	{
		return new Referctl(this.s, ['fleet', verb, ...this.as(name),
			...args]).end();
	}

	/** The operator makes the stream. */
	async init()
	{
		this.issue('operator');
		const { status, text } = await this.ctl('init', 'operator',
			'--keep-mb', '64');

		assert.equal(status, 0, text);

		return text;
	}

	/** A member with a baresip, and so with events to publish. */
	async member(name, ...args)
	{
		const referd = await this.s.referd({
			args: [...this.as(name), ...args] });
		const node = await Node.connect(referd.socket, `bs-${name}`);

		await until(async () => (await stateOf(referd)).state === 'up',
			'connection');

		return { referd, node };
	}
}


scene('an operator\'s users are members and views, and make the stream',
	async (s) => {
	const realm = await Realm.start(s, 3);

	for (const name of NAMES)
		realm.issue(name);
	assert.match(await realm.init(),
		/^the stream FLEET is made, with 3 replicas/);

	const gw1 = await realm.member('gw1', '--fleet-view', 'yes');
	const gw2 = await realm.member('gw2');
	const client = await s.client(gw1.referd, { query: '?scope=fleet' });

	gw2.node.call();
	await client.message('session:new', { member: 'gw2' });

	const { text } = await until(async () => {
		const last = await realm.ctl('status', 'gw2');

		return last.status === 0 && last;
	}, 'fleet that is well');

	assert.match(text, /^all is well$/m);
	for (const name of NAMES)
		assert.match(text, new RegExp(`^${name} +yes `, 'm'));

	/* The JWT limits its user to what a member does */
	const refused = await realm.ctl('init', 'gw1', '--anew');

	assert.match(refused.text, /Permissions Violation for Publish to "\$JS\.API\.STREAM\.DELETE\.FLEET"/);
	assert.equal(refused.status, 1);
}, { skip });


const UNLIKE = 'FILE must have the JWT of a user and the seed of its NKey, ' +
	'as in a .creds file of nsc';

/* A root that must obey the modes of files */
const BOUND = ['setpriv', ...['--bounding-set', '--inh-caps'].flatMap((set) =>
	[set, '-dac_override,-dac_read_search'])];


/* Another letter is at a place of the text */
function spoil(text, at)
{
	return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') +
		text.slice(at + 1);
}


/* Writes a file, by its content: null for none */
function writeFile(path, content)
{
	if (content === 'a directory')
		mkdirSync(path);
	else if (content !== null)
		writeFileSync(path, content);
	if (content === 'closed')
		chmodSync(path, 0);
}


/*
 * Each file, by its name, makes a member and referctl say its sentence; they
 * never say what is in the file. FILE stands for its path.
 */
async function assertSaid(s, urls, files)
{
	const runs = [];

	for (const [name, [content, sentence]] of Object.entries(files)) {
		const path = join(s.dir, name);
		const args = ['--fleet', urls, '--fleet-node', name,
			'--fleet-creds', path];

		writeFile(path, content);
		runs.push({ content, says: sentence.replace('FILE', path),
			referctl: new Referctl(s, ['fleet', 'status', ...args],
				{ wrap: BOUND }),
			referd: await s.referd({ args, wrap: BOUND }) });
	}

	for (const { content, says, referctl, referd } of runs) {
		const { log } = referd.process;
		const { state, reason } = await stateOf(referd);
		const { text, status } = await referctl.end();

		assert.deepEqual([state, reason], ['down', says]);
		assert.deepEqual(log.filter((l) => l.includes('no connection')),
			[`warning: fleet: no connection: ${says}`]);
		assert.equal(text, 'referctl: cannot reach a nats-server at ' +
			`${urls.split('//')[1]} within 5 s: ${says}`);
		assert.equal(status, 1);
		for (const secret of content?.match(/\S{50,}/g) ?? [])
			assert.ok(![text, ...log.items].some((l) =>
				l.includes(secret)), secret);
	}
}


/*
 * A server of NATS that accepts everyone, and keeps what each client sends
 * first; `nonces`: what each is to sign
 */
async function eavesdrop(s, nonces = [])
{
	const heard = [];
	const server = createServer((socket) => {
		const nonce = nonces.shift() ?? 'bm9uY2U';

		socket.on('error', () => {});
		socket.on('data', (data) => {
			const [, text] = /^CONNECT (.*)\r\n/.exec(data) ?? [];

			if (text)
				heard.push({ nonce, ...JSON.parse(text) });
			socket.write('PONG\r\n');
		});
		socket.write(`INFO ${JSON.stringify({ server_id: 'a',
			version: '2.9.10', max_payload: 1 << 20, headers: true,
			auth_required: true, nonce })}\r\n`);
	});

	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	s.join({ process: { name: 'server', log: { items: [] },
		kill: () => server.close() } });

	return { heard, urls: `nats://127.0.0.1:${server.address().port}` };
}


/* libnats 3.4 would leave it out */
scene('a signature that begins with a zero byte is not needed', async (s) => {
	const key = makeNkey();
	const nonces = Array.from({ length: 5000 }, (_, i) => `nonce-${i}`);
	const isZero = (nonce) => key.sign(nonce)[0] === 0;
	const { heard, urls } = await eavesdrop(s, [nonces.find(isZero),
		nonces.find((nonce) => !isZero(nonce))]);
	const file = join(s.dir, 'seed');

	writeFileSync(file, `${key.seed}\n`);
	await s.referd({ args: ['--fleet', urls, '--fleet-nkey', file] });

	const { nonce, sig } = await until(() => heard[0], 'CONNECT');

	assert.equal(sig, key.sign(nonce).toString('base64url'));
}, { skip });


scene('a file of credentials with a fault gets one sentence, and none is sent',
	async (s) => {
	const { heard, urls } = await eavesdrop(s);
	const operator = new Operator();
	const { jwt, seed } = operator.user();
	const whole = credsText({ jwt, seed });

	await assertSaid(s, urls, {
		missing: [null, 'FILE: No such file or directory'],
		directory: ['a directory', 'FILE: Is a directory'],
		closed: ['closed', 'FILE: Permission denied'],
		empty: ['', UNLIKE],
		garbage: ['garbage\n', UNLIKE],
		seed: [`${seed}\n`, UNLIKE],
		jwt: [`${jwt}\n`, UNLIKE],
		reversed: [credsText({ jwt: seed, seed: jwt }), UNLIKE],
		cut: [whole.slice(0, whole.indexOf(seed)), UNLIKE],
		spoilt: [credsText({ jwt, seed: spoil(seed, 20) }), UNLIKE],
		half: [credsText({ jwt: jwt.slice(0, 300), seed }), UNLIKE],
		other: [credsText({ jwt, seed: operator.user().seed }),
			'FILE must have the seed that belongs to its JWT'],
	});
	assert.deepEqual(heard, []);
}, { skip });


scene('credentials that the servers refuse get one sentence', async (s) => {
	const realm = await Realm.start(s);
	const { jwt, seed } = realm.user('gw1');
	const refused = 'the servers refuse FILE: Authorization Violation';
	const expired = realm.user('gw1', { seconds: -60 });
	const { exp } = JSON.parse(Buffer.from(expired.jwt.split('.')[1],
		'base64url'));
	const time = new Date(exp * 1000).toISOString().replace('.000', '');

	await assertSaid(s, realm.urls, {
		stranger: [credsText(new Operator().user()), refused],
		forged: [credsText({ jwt: spoil(jwt, jwt.length - 20), seed }),
			refused],
		expired: [credsText(expired), 'the servers refuse FILE, ' +
			`whose JWT expired at ${time}`],
	});
}, { skip });


/* A member whose JWT expires soon, and one that views the fleet */
async function mortal(s)
{
	const realm = await Realm.start(s);

	await realm.init();
	realm.issue('gw2');

	const view = await realm.member('gw2', '--fleet-view', 'yes');
	const fleet = await s.client(view.referd, { query: '?scope=fleet' });

	realm.issue('gw1', { seconds: 10 });

	const { referd, node } = await realm.member('gw1');
	const client = await s.client(referd);

	return {
		realm, client,
		state: (name, { reason = '', from = 0 } = {}) =>
			client.messages.wait((m) => m.type === 'fleet:status' &&
				m.data.state === name &&
				(m.data.reason ?? '').startsWith(reason),
			`fleet:status ${name} ${reason}`, { from }),
		publishes: () => fleet.message('session:new',
			{ call_sid: node.call().sid }),
		refusal: `the servers refuse ${realm.path('gw1')}, ` +
			'whose JWT expired at ',
	};
}


scene('a JWT expires, and a new one is read later', async (s) => {
	const m = await mortal(s);

	await m.publishes();
	await m.state('down', { reason: 'User Authentication Expired' });
	await m.state('down', { reason: m.refusal });

	/* The servers accept it for the rest of its last second */
	const tries = m.client.all('fleet:status').filter(({ data }) =>
		data.state === 'up').length;

	assert.ok(tries < 5, `${tries} connections`);

	const from = m.client.now;

	m.realm.issue('gw1');
	await m.state('up', { from });
	await m.publishes();
}, { skip });


scene('a JWT that is replaced in time costs no more than a new connection',
	async (s) => {
	const m = await mortal(s);

	await m.publishes();
	m.realm.issue('gw1');
	const down = await m.state('down',
		{ reason: 'User Authentication Expired' });

	await m.state('up', { from: m.client.messages.items.indexOf(down) });
	await m.publishes();
	assert.deepEqual(m.client.all('fleet:status').filter(({ data }) =>
		data.reason?.startsWith(m.refusal)), []);
}, { skip });

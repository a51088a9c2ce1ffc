/**
 * @file fleet.js  The demo of a fleet: three referds that act as one
 *
 * Copyright (C) 2026 the sip_refer authors
 *
 * `fleet.js PORT [--once] [--kill]`: three nats-servers, three gateways with a
 * referd each. A call of one is transferred from the endpoint of another, and
 * each member reports the messages that it has received. With --kill this goes
 * on while processes are killed: in the end every member has the same history.
 */

import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../tests/e2e/lib/client.js';
import { Servers } from '../../tests/e2e/lib/servers.js';
import { dir, perform, running, say, startAgents, startReferd, stop }
	from './stage.js';

const NAMES = ['gw1', 'gw2', 'gw3'];
const LONG = 90_000; /* ms, in which servers choose a leader, and a bit */
const LOOK = 200;

const [port, ...words] = process.argv.slice(2);
const once = words.includes('--once');
const kill = words.includes('--kill');
let asked = 0; /* verbs that were sent */
const seen = new Map(); /* numbers of messages, by member */


async function getJson(referd, path)
{
	const response = await fetch(referd.http + path);

	return response.json();
}


/* Waits for the first result of `find`. */
async function until(what, find)
{
	for (const end = Date.now() + LONG; Date.now() < end; await sleep(LOOK)) {
		const found = await find().catch(() => undefined);

		if (found)
			return found;
	}

	throw new Error(`${what} has not come within ${LONG / 1000} s`);
}


/* One line for each message about calls and transfers */
function tell(at, m)
{
	const { seq, member, type, data } = m;

	if (once)
		console.log(JSON.stringify({ at, ...m }));
	else if (type === 'transfer:status')
		say(`${at} hears: ${seq} ${member} ${type} ${data.step} ` +
			`${data.outcome ?? data.call_status ??
				data.refer_status ?? ''}`);
	else if (type === 'fleet:status')
		say(`${at} hears: ${type} ${data?.state ?? ''}`);
}


class Member {
	constructor(name, referd)
	{
		this.name = name;
		this.referd = referd;
		this.numbers = [];
		referd.listen = new URL(referd.http).host;
	}

	/* Connects where the last connection ended */
	async connect()
	{
		const since = this.numbers.length ?
			`&since=${this.numbers.at(-1)}` : '';

		/* Until it has read the stream, it closes the connection */
		await until(`the view of ${this.name}`, async () => {
			this.client = await Client.connect(
				`${this.referd.ws}?scope=fleet${since}`,
				{ name: this.name,
					handler: (m) => this.take(m) });

			const hello = await this.client.message('hello')
				.catch(() => null);

			return hello?.data.fleet;
		});
	}

	take(m)
	{
		if (m.member && m.seq)
			this.numbers.push(m.seq);
		tell(this.name, m);
	}

	async restart()
	{
		await this.referd.kill('SIGKILL');
		await this.referd.run();
		running.push(this.referd.process);
		await this.connect();
	}
}


/* A live call of a member, according to its own referd */
async function liveCall(owner)
{
	return until(`a call of ${owner.name}`, async () => {
		const calls = await getJson(owner.referd, '/calls');

		return calls.find((c) => c.call_status === 'in-progress' &&
			!seen.has(c.call_sid))?.call_sid;
	});
}


/* Repeats a request: a member that has just lost its server refuses at once */
async function ask({ client }, verb)
{
	await until('a member that takes the verb', async () => {
		const msgid = `demo-${++asked}`;

		client.send({ ...verb, msgid });
		const { type } = await client.messages.wait((m) =>
			m.type === 'ack' && m.msgid === msgid ||
			m.type === 'jambonz:error' && m.data.ref === msgid,
		'answer to the verb', { timeout: LONG });

		return type === 'ack';
	});
}


/* Transfers the call of a member from the endpoint of another. */
async function transfer(entry, owner, scene)
{
	const { events, ready } = scene;
	const sid = await liveCall(owner);
	const from = events.length;

	seen.set(sid, owner.name);
	say(`transfers the call of ${owner.name} to ${ready.agent}, at the ` +
		`endpoint of ${entry.name}`);
	await ask(entry, { verb: 'sip:refer', id: `demo-${seen.size}`,
		call_sid: sid, referTo: ready.agent, actionHook: '/action' });

	/* The two far ends report this themselves, independently of referd. */
	const { event } = await events.wait((e) => e.name === owner.name &&
		['talking', 'over'].includes(e.event), 'end of the call',
		{ from, timeout: LONG });
	if (event === 'over')
		throw new Error(`the call of ${owner.name} is over, and not ` +
			'by a transfer');
	await entry.client.message('verb:hook',
		{ hook: '/action', call_sid: sid }, { timeout: LONG });
}


/* The history of the whole fleet, according to one member */
function history({ referd })
{
	return getJson(referd, '/transfers?scope=fleet&limit=1000');
}


function isWhole(list)
{
	return list.length === seen.size &&
		list.every((t) => t.outcome === 'transferred');
}


/* Waits until all report the same, and counts the messages of each. */
async function compare(members)
{
	const list = await until('one history at all members', async () => {
		const lists = await Promise.all(members.map(history));

		return isWhole(lists[0]) && lists.every((l) =>
			isDeepStrictEqual(l, lists[0])) && lists[0];
	});

	await until('the same messages at all members', async () =>
		members.every(({ numbers }) =>
			numbers.at(-1) === members[0].numbers.at(-1)));

	for (const { name, numbers } of members) {
		const rises = numbers.every((n, i) => !i || n > numbers[i - 1]);

		say(`${name} has ${list.length} transfers, and heard ` +
			`${numbers.length} messages of the fleet` +
			(rises ? ' in order' : ', not in order'));
		if (!rises || !isDeepStrictEqual(numbers, members[0].numbers))
			throw new Error(`${name} heard something else`);
	}
}


async function killThings(servers, members, scene)
{
	const [gw1, gw2, gw3] = members;
	const leader = servers.leader();

	say(`kills nats-server ${leader + 1}, which leads the stream`);
	await servers.kill(leader);
	await transfer(gw1, gw3, scene);
	await servers.run(leader);

	say('kills the referd of gw2, and starts it again');
	await gw2.restart();
	await transfer(gw3, gw2, scene);

	say('kills all nats-servers; each gateway goes on for itself');
	await Promise.all([0, 1, 2].map((i) => servers.kill(i)));
	await transfer(gw1, gw1, scene);
	say('starts them again');
	await Promise.all([0, 1, 2].map((i) => servers.run(i)));
}


async function startMembers(servers)
{
	const members = [];

	for (const [i, name] of NAMES.entries()) {
		const at = port === '0' ? 0 : Number(port) + i;
		const referd = await startReferd(name, {
			listen: `127.0.0.1:${at}`,
			args: servers.options(name) });

		members.push(new Member(name, referd));
	}
	for (const m of members)
		await m.connect();

	await until('all members at each other', async () => {
		const { missing, members: heard } = JSON.parse(
			servers.operate('status', '--json'));

		return heard.length === NAMES.length && !missing.length;
	});

	return members;
}


function show(servers, members, scene)
{
	const verb = JSON.stringify({ verb: 'sip:refer', call_sid: 'CALL',
		referTo: scene.ready.agent });

	console.log(`
  pages    ${members.map((m) => `${m.referd.http}/`).join(' ')}
  client   node scripts/demo/client.js ${members[0].referd.ws}?scope=fleet '${verb}'
  agent    ${scene.ready.agent}
  fleet    ${servers.urls}, keys in ${dir}/keys

The carrier calls all three. Transfer any call to the agent, from any page; a
new one comes when it is over. Ctrl-C ends the demo.
`);
	scene.events.follow((e) => e.text && console.log(e.text));
	scene.events.wait(() => false, 'end', { timeout: 2 ** 31 - 1 })
		.catch((err) => stop(1, err.message));
}


await perform(async () => {
	const servers = await Servers.start(dir, NAMES,
		{ started: (p) => running.push(p) });

	say(servers.operate('init', '--keep-mb', '64').trim());
	const members = await startMembers(servers);
	const scene = await startAgents(members.map((m) => m.referd.socket));

	if (!once)
		show(servers, members, scene);
	scene.call();
	if (once || kill) {
		await transfer(members[0], members[1], scene);
		if (kill)
			await killThings(servers, members, scene);
		await compare(members);
		say('all members have one history, and each call reached the ' +
			'agent');
	}
	if (once)
		await stop(0);
});

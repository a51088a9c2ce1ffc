/**
 * @file main.js  The demo: referd, a client, and the agents that telephone
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../../tests/e2e/lib/client.js';
import { Journal } from '../../tests/e2e/lib/journal.js';
import { Process } from '../../tests/e2e/lib/process.js';
import { Referd } from '../../tests/e2e/lib/referd.js';
import { settings } from '../../tests/e2e/lib/settings.js';

const here = dirname(fileURLToPath(import.meta.url));
const NO_NETWORK = 77;

const [port, once] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'sip-refer-demo-'));
const running = [];
let stopping = false;


function say(text)
{
	console.error(`demo.sh: ${text}`);
}


async function stop(status, why)
{
	if (stopping)
		return;
	stopping = true;
	if (why)
		say(why);

	/* The agents end when their input does, whoever they run as. */
	for (const p of running)
		p.child.stdin.end();
	await Promise.allSettled(running.map((p) => p.name === 'agents' ?
		p.ended(3_000) : p.kill('SIGTERM', 3_000)));
	await Promise.allSettled(running.map((p) => p.kill()));

	rmSync(dir, { recursive: true, force: true });
	process.exit(status);
}


async function startReferd()
{
	const r = new Referd(join(dir, 'referd'),
		{ listen: `127.0.0.1:${port}` });

	try {
		await r.start();
	}
	catch (err) {
		running.push(r.process);
		throw new Error(r.process.alive ? err.message :
			r.process.log.items.at(-1) ?? err.message);
	}
	running.push(r.process);

	return r;
}


function ownAddress()
{
	return Object.values(networkInterfaces()).flat()
		.find((a) => a.family === 'IPv4' && !a.internal)?.address;
}


function runAgents(referd, prefix, addresses)
{
	const events = new Journal('agents');
	const agents = new Process('agents', [...prefix, process.execPath,
		join(here, 'agents.js'), join(dir, 'agents'), referd.socket,
		...addresses]);

	running.push(agents);
	agents.log.follow((line) => {
		if (line.startsWith('{'))
			events.add(JSON.parse(line));
		else
			say(line);
	});
	agents.exited.then((status) => events.end(`ended: ${status}`));

	return { agents, events };
}


/*
 * In a private network, with an address for each agent. Where the system does
 * not allow one, at the machine's own address.
 */
async function startAgents(referd)
{
	const netns = join(settings.source, 'tests/e2e/in-netns');
	const { agents, events } = runAgents(referd, [netns], []);
	const isReady = (e) => e.event === 'ready';

	try {
		return { events, ready: await events.wait(isReady, 'start') };
	}
	catch (err) {
		if (agents.status !== NO_NETWORK)
			throw err;
	}

	const address = ownAddress();
	if (!address)
		throw new Error('needs a private network or an own address, ' +
			'and this machine gives neither');

	say(`the agents use this machine's address ${address} instead`);
	const second = runAgents(referd, [], [address]);

	return { events: second.events,
		ready: await second.events.wait(isReady, 'start') };
}


async function transferOnce(referd)
{
	/* First of all, so that it hears of the call from its beginning. */
	const client = await Client.connect(referd.ws, {
		handler: (m) => console.log(JSON.stringify(m)) });
	const { events, ready } = await startAgents(referd);
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	say(`transfers the call to ${ready.agent}`);
	client.send({ verb: 'sip:refer', id: 'demo', call_sid,
		referTo: ready.agent, actionHook: '/action',
		eventHook: '/event' });

	/* The two say so themselves, each of them; referd is not asked. */
	const { event } = await events.wait((e) =>
		['talking', 'over'].includes(e.event), 'end of the call');
	if (event === 'over')
		throw new Error('the call is over, and not by a transfer');

	await client.message('verb:hook', { hook: '/action' });
	await client.message('call:status', { call_status: 'completed' });
	client.close();

	return stop(0, 'the agent talks to the carrier, as both of them say');
}


function show(referd, { events, ready })
{
	const verb = JSON.stringify({ verb: 'sip:refer',
		referTo: ready.agent });

	console.log(`
  page     ${referd.http}/
  client   node scripts/demo/client.js ${referd.ws} '${verb}'
  agent    ${ready.agent}

The carrier calls in. Transfer the call to the agent, from the page or with the
client; a new call comes when this one is over. Ctrl-C ends the demo.
`);
	events.follow((e) => console.log(e.text ?? ''));
	events.wait(() => false, 'end', { timeout: 2 ** 31 - 1 })
		.catch((err) => stop(1, err.message));
}


for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => stop(130));

try {
	const referd = await startReferd();

	if (once)
		await transferOnce(referd);
	else
		show(referd, await startAgents(referd));
}
catch (err) {
	await stop(1, err.message.split('\n', 1)[0]);
}

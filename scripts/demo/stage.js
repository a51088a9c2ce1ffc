/**
 * @file stage.js  Common part of the demos: starts and ends their processes
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Journal } from '../../tests/e2e/lib/journal.js';
import { Process } from '../../tests/e2e/lib/process.js';
import { Referd } from '../../tests/e2e/lib/referd.js';
import { settings } from '../../tests/e2e/lib/settings.js';

const here = dirname(fileURLToPath(import.meta.url));
const NO_NETWORK = 77;

export const dir = mkdtempSync(join(tmpdir(), 'sip-refer-demo-'));
export const running = [];
let stopping = false;


export function say(text)
{
	console.error(`demo.sh: ${text}`);
}


/** Ends everything, and this process. */
export async function stop(status, why)
{
	if (stopping)
		return;
	stopping = true;
	if (why)
		say(why);

	/* The agents end with their input, under any user. */
	for (const p of running)
		p.child.stdin.end();
	await Promise.allSettled(running.map((p) => p.name === 'agents' ?
		p.ended(3_000) : p.kill('SIGTERM', 3_000)));
	await Promise.allSettled(running.map((p) => p.kill()));

	rmSync(dir, { recursive: true, force: true });
	process.exit(status);
}


/** Runs a demo: an error is reported in one sentence, and ends the demo. */
export async function perform(play)
{
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
		process.on(signal, () => stop(130));

	try {
		await play();
	}
	catch (err) {
		await stop(1, err.message.split('\n', 1)[0]);
	}
}


/** Starts a referd, as Referd.start() does. */
export async function startReferd(name, options)
{
	const r = new Referd(join(dir, name), options);

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


function runAgents(links, prefix, ...more)
{
	const events = new Journal('agents');
	const agents = new Process('agents', [...prefix, process.execPath,
		join(here, 'agents.js'), join(dir, 'agents'), links.join(),
		...more]);

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


/**
 * Starts the baresips in a private network, with an address for each. Where
 * the system does not allow one, at the machine's own address.
 *
 * @param links   Of each gateway the socket of its referd, or a port
 * @param leave   Called if a private network is not possible
 * @param carrier Behaviour of the carrier, or good
 */
export async function startAgents(links, leave = () => {}, carrier = 'good')
{
	const netns = join(settings.source, 'tests/e2e/in-netns');
	const { agents, events } = runAgents(links, [netns], carrier);
	const isReady = (e) => e.event === 'ready';

	const go = (a) => a.child.stdin.write('\n');

	try {
		return { events, ready: await events.wait(isReady, 'start'),
			call: () => go(agents) };
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
	await leave();
	const second = runAgents(links, [], carrier, address);

	return { events: second.events,
		ready: await second.events.wait(isReady, 'start'),
		call: () => go(second.agents) };
}

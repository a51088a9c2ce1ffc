/**
 * @file agents.js  The three baresips of the demo, and a call that waits
 *
 * Copyright (C) 2026 the sip_refer authors
 *
 * Runs in a network of its own: `agents.js DIR SOCKET [ADDRESS]`. Says what
 * happens as lines of JSON, and ends when its standard input does.
 */

import { createSocket } from 'node:dgram';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baresip } from '../../tests/e2e/lib/baresip.js';

/* In ms: how long the two may talk, the pause before the next call, and how
 * long one may take to say what the other has said. */
const TALK = 10_000;
const PAUSE = 2_000;
const SETTLE = 2_000;
const FOREVER = 2 ** 31 - 1;

const [dir, socket, address] = process.argv.slice(2);
const baresips = [];
let stopping = false;


function tell(event, text, more = {})
{
	console.log(JSON.stringify({ event, text, ...more }));
}


/* A port that is free for UDP and TCP at this moment. */
async function freePort()
{
	const server = createServer();
	await new Promise((done) => server.listen(0, address, done));
	const { port } = server.address();
	await new Promise((done) => server.close(done));

	const udp = createSocket('udp4');
	await new Promise((done, fail) => {
		udp.on('error', fail);
		udp.bind(port, address, done);
	});
	udp.close();

	return port;
}


/* Each has an address to itself, or else ports of one address. */
async function start(name, own, options = {})
{
	const place = address ? { ip: address, port: await freePort(),
		ctrlPort: await freePort() } : { ip: own };
	const b = await Baresip.start(join(dir, name),
		{ name, ...place, ...options });

	baresips.push(b);
	b.process.exited.then((status) =>
		stop(`${name} ended with ${status}`));

	return b;
}


async function stop(why)
{
	if (stopping)
		return;
	stopping = true;
	if (why)
		console.error(why);
	await Promise.allSettled(baresips.map((b) => b.kill()));
	process.exit(why ? 1 : 0);
}


/* Whether each of the two says that it is in a call with the other. */
async function talk(a, b, from)
{
	const says = (x, y, mark) => x.event('CALL_ESTABLISHED', y.uri,
		{ from: mark, timeout: SETTLE }).catch(() => {});

	await Promise.all([says(a, b, from[0]), says(b, a, from[1])]);

	return [[a, b], [b, a]].every(([x, y]) =>
		x.talking().some((c) => c.peeruri === y.uri));
}


/* One call after the other, for as long as somebody transfers them. */
async function telephone(gateway, carrier, agent)
{
	for (;;) {
		const marks = [carrier.events.length, agent.events.length];
		const [from] = marks;

		await carrier.dial(gateway.uri);
		await carrier.event('CALL_ESTABLISHED', gateway.uri, { from });
		tell('up', 'the carrier has called in');

		await carrier.event('CALL_CLOSED', gateway.uri,
			{ from, timeout: FOREVER });
		if (await talk(carrier, agent, marks)) {
			tell('talking',
				'the agent and the carrier talk to each other');
			await sleep(TALK);
			await agent.command('hangup');
		}
		else {
			tell('over', 'the call is over');
		}

		await sleep(PAUSE);
	}
}


process.stdin.resume();
process.stdin.on('end', () => stop());
process.on('SIGINT', () => {});

try {
	mkdirSync(dir);
	const gateway = await start('gateway', '10.77.0.1', {
		module: true,
		account: ';answermode=auto',
		config: { sip_refer_socket: socket, sip_refer_node: 'gateway' },
	});
	const agent = await start('agent', '10.77.0.3',
		{ account: ';answermode=auto' });
	const carrier = await start('carrier', '10.77.0.2');

	tell('ready', undefined, { agent: agent.uri });
	await telephone(gateway, carrier, agent);
}
catch (err) {
	await stop(err.message);
}

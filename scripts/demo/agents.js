/**
 * @file agents.js  The baresips of the demo, and a call that waits
 *
 * Copyright (C) 2026 the sip_refer authors
 *
 * Runs in a network of its own:
 * `agents.js DIR REFERD[,REFERD]... CARRIER [ADDRESS]`.
 * REFERD is the socket of a referd, or the port of a referd in the process of
 * the gateway; DIR/page.sock leads there from other networks. Each REFERD gets
 * a gateway: gateway, or gw1, gw2, ... if there are several.
 * CARRIER is the behaviour of a carrier that misbehaves, or good. The program
 * prints events as lines of JSON, calls when it gets a line, and ends when its
 * standard input ends.
 */

import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baresip } from '../../tests/e2e/lib/baresip.js';
import { Embedded } from '../../tests/e2e/lib/embedded.js';
import { Carrier } from './carrier.js';

/* In ms: the time for which the two may talk, the pause before the next call,
 * and the time until both must have said the same. */
const TALK = 10_000;
const PAUSE = 2_000;
const SETTLE = 2_000;
const FOREVER = 2 ** 31 - 1;

const [dir, referds, behaviour, address] = process.argv.slice(2);
const links = referds.split(',');
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
async function placeOf(own)
{
	return address ? { ip: address, port: await freePort() } :
		{ ip: own, port: 5060 };
}


async function start(name, own, options = {}, make = (...args) =>
	Baresip.start(...args))
{
	const place = await placeOf(own);

	if (address)
		place.ctrlPort = await freePort();
	const b = await make(join(dir, name),
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

	const [ofA, ofB] = await Promise.all([a.talking(), b.talking()]);

	return ofA.some((c) => c.peeruri === b.uri) &&
		ofB.some((c) => c.peeruri === a.uri);
}


/* One call after the other, for as long as the user transfers them. */
async function telephone(gateway, carrier, agent)
{
	const { name } = gateway;
	const where = links.length > 1 ? ` at ${name}` : '';

	for (;;) {
		const marks = [carrier.events.length, agent.events.length];
		const [from] = marks;

		await carrier.dial(gateway.uri);
		await carrier.event('CALL_ESTABLISHED', gateway.uri, { from });
		tell('up', `the carrier has called in${where}`, { name });

		await carrier.event('CALL_CLOSED', gateway.uri,
			{ from, timeout: FOREVER });
		if (await talk(carrier, agent, marks)) {
			tell('talking', 'the agent and the carrier talk to ' +
				`each other${where && `, whom ${name} had`}`,
				{ name });
			await sleep(TALK);
			await agent.command('hangup');
		}
		else {
			tell('over', `the call is over${where}`, { name });
		}

		await sleep(PAUSE);
	}
}


async function startMisbehaving(gateway)
{
	const [, ip, port] = /@([\d.]+)(?::(\d+))?$/.exec(gateway.uri);
	const carrier = await Carrier.start({ name: behaviour,
		...await placeOf('10.77.0.2'), to: [ip, Number(port ?? 5060)],
		tell: (text) => tell('asked', text) });

	baresips.push(carrier);

	return carrier;
}


/* Leads to a port of this network */
function openDoor(port)
{
	createServer((near) => {
		const far = connect(port, '127.0.0.1');

		near.on('error', () => far.destroy());
		far.on('error', () => near.destroy());
		near.pipe(far).pipe(near);
	}).listen(join(dir, 'page.sock'));
}


function startGateway(link, i)
{
	const name = links.length > 1 ? `gw${i + 1}` : 'gateway';
	const ip = `10.77.0.${[1, 4, 5][i] ?? i + 3}`;
	const options = { module: true, account: ';answermode=auto',
		config: { sip_refer_node: name } };

	if (!/^\d+$/.test(link)) {
		options.config.sip_refer_socket = link;
		return start(name, ip, options);
	}

	openDoor(link);

	return start(name, ip, options, async (path, o) =>
		(await Embedded.start(path, { listen: `127.0.0.1:${link}` },
			o)).gateway);
}


const told = once(process.stdin, 'data');

process.stdin.on('end', () => stop());
process.on('SIGINT', () => {});

try {
	mkdirSync(dir);
	const gateways = [];

	for (const [i, link] of links.entries())
		gateways.push(await startGateway(link, i));
	const agent = await start('agent', '10.77.0.3',
		{ account: ';answermode=auto' });
	const good = behaviour === 'good';
	const carrier = good ? await start('carrier', '10.77.0.2') :
		await startMisbehaving(gateways[0]);

	tell('ready', undefined, { agent: agent.uri });
	await told;
	await Promise.all(good ? gateways.map((gateway) =>
		telephone(gateway, carrier, agent)) : [carrier.telephone(tell)]);
}
catch (err) {
	await stop(err.message);
}

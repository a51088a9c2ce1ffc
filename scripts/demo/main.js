/**
 * @file main.js  The demo: referd, a client, and the agents that telephone
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { Client } from '../../tests/e2e/lib/client.js';
import { dir, perform, say, startAgents, startReferd, stop }
	from './stage.js';

const [port, ...words] = process.argv.slice(2);
const once = words.includes('--once');
const embedded = words.includes('--embedded');
const carrier = words.find((w) => !w.startsWith('--')) ?? 'good';

/* Longer than a transfer may be without an outcome [ms] */
const LONG = 180_000;


/* The way to a referd in the gateway, which is in a network of its own */
async function openWay()
{
	const way = createServer((near) => {
		const far = connect(join(dir, 'agents/page.sock'));

		near.on('error', () => far.destroy());
		far.on('error', () => near.destroy());
		near.pipe(far).pipe(near);
	});

	await new Promise((done, fail) => {
		way.on('error', () => fail(new Error(
			`can't listen on 127.0.0.1:${port}`)));
		way.listen(Number(port), '127.0.0.1', done);
	});

	const at = `127.0.0.1:${way.address().port}`;

	return { way, socket: String(way.address().port),
		http: `http://${at}`, ws: `ws://${at}/ws` };
}


/* A gateway in front of a referd, or with one in it; two to call with */
function startAll(referd)
{
	return startAgents([referd.socket], () => referd.way &&
		new Promise((done) => referd.way.close(done)), carrier);
}


/* The two far ends report this themselves, independently of referd. */
async function talk(client, events)
{
	const { event } = await events.wait((e) =>
		['talking', 'over'].includes(e.event), 'end of the call');
	if (event === 'over')
		throw new Error('the call is over, and not by a transfer');

	await client.message('verb:hook', { hook: '/action' });
	await client.message('call:status', { call_status: 'completed' });

	return 'the agent talks to the carrier, as both of them say';
}


/* The outcome of a transfer that does not connect the carrier to the agent */
async function outcome(client)
{
	const { data } = await client.message('transfer:status',
		{ step: 'ended' }, { timeout: LONG });

	await client.message('verb:hook', { hook: '/action' });

	return `the carrier is ${carrier}, and the transfer is ` +
		`${data.outcome} (${data.evidence})`;
}


async function transferOnce(referd)
{
	const { events, ready, call } = await startAll(referd);
	const client = await Client.connect(referd.ws, {
		handler: (m) => console.log(JSON.stringify(m)) });

	call();
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	say(`transfers the call to ${ready.agent}`);
	client.send({ verb: 'sip:refer', id: 'demo', call_sid,
		referTo: ready.agent, actionHook: '/action',
		eventHook: '/event' });

	const end = carrier === 'good' ? await talk(client, events) :
		await outcome(client);
	client.close();

	return stop(0, end);
}


/* Instructions for the user */
function hint()
{
	if (carrier === 'good')
		return `The carrier calls in. Transfer the call to the agent, from the page or with the
client; a new call comes when this one is over. Ctrl-C ends the demo.`;

	return `The carrier calls in, and is ${carrier}: transfer the call, from the page, with the
client or with a bot. A name of docs/carriers.md as referTo selects another
behaviour. Ctrl-C ends the demo.`;
}


function show(referd, { events, ready, call })
{
	const verb = JSON.stringify({ verb: 'sip:refer',
		referTo: ready.agent });

	console.log(`
  page     ${referd.http}/
  client   node scripts/demo/client.js ${referd.ws} '${verb}'
  agent    ${ready.agent}

${hint()}
`);
	events.follow((e) => console.log(e.text ?? ''));
	call();
	events.wait(() => false, 'end', { timeout: 2 ** 31 - 1 })
		.catch((err) => stop(1, err.message));
}


await perform(async () => {
	const referd = embedded ? await openWay() :
		await startReferd('referd', { listen: `127.0.0.1:${port}` });

	if (once)
		await transferOnce(referd);
	else
		show(referd, await startAll(referd));
});

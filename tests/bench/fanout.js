/**
 * @file fanout.js  One event to many clients, one command among many clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { percentile } from './figures.js';
import { measureSides, withSides } from './sides.js';

/* So little that it only shows that it works */
const QUICK = { clients: [1, 20], rounds: 3, idle: [1, 20], commands: 20,
	verbs: 2 };


/** One event, until the last client has it; beside raw epoll. */
async function event(clients, rounds)
{
	const [ours, raw] = await withSides(async (start) =>
		measureSides('event', rounds, [[await start.referd(), clients],
			[await start.raw(), clients]]));

	return {
		'clients': clients,
		'bytes': ours.bytes,
		'p50': percentile(ours.us, 0.5),
		'p90': percentile(ours.us, 0.9),
		'raw p50': percentile(raw.us, 0.5),
		'raw p90': percentile(raw.us, 0.9),
		'p50 to raw': percentile(ours.us, 0.5) /
			percentile(raw.us, 0.5),
		'CPU': ours.cpu_us,
		'raw CPU': raw.cpu_us,
		'KiB per client': (ours.kib[1] - ours.kib[0]) / clients,
	};
}


/** One command, until its ack: few other clients beside many. */
async function command(op, rounds, idle)
{
	const sides = await withSides(async (start) =>
		measureSides(op, rounds, await Promise.all(idle.map(
			async (clients) => [await start.referd(), clients]))));
	const least = percentile(sides[0].us, 0.5);

	return sides.map((side) => ({
		'clients': side.clients,
		'at the node p50': percentile(side.asked_us, 0.5),
		'ack p50': percentile(side.us, 0.5),
		'p90': percentile(side.us, 0.9),
		'p99': percentile(side.us, 0.99),
		'p50 to the first': percentile(side.us, 0.5) / least,
		'CPU': side.cpu_us,
	}));
}


/**
 * Fan-out: an event to some clients, and to thousands; and the cost of idle
 * clients for a command
 *
 * @param options `quick`: a short run. `clients`: how many get an event;
 *                `rounds` of that; `idle`: how many are connected during a
 *                command; rounds of `commands`, and of `verbs`
 */
export async function fanout({ quick, ...options } = {})
{
	const { clients, rounds, idle, commands, verbs } = {
		clients: [1, 100, 1000, 10_000], rounds: 30, idle: [10, 10_000],
		commands: 5000, verbs: 30, ...(quick && QUICK), ...options };
	const events = [];

	for (const count of clients)
		events.push(await event(count, rounds));

	return [
		{ title: 'One event until the last of all clients has it, ' +
			'compared with raw epoll (µs)', rows: events },
		{ title: 'A command (dial) among idle clients (µs)',
			rows: await command('dial', commands, idle) },
		{ title: 'A sip:refer among clients that all get its ' +
			'messages (µs)', rows: await command('refer', verbs, idle) },
	];
}

/**
 * @file fanout.js  One event to many clients, one command among many clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { measureSides, percentile, withSides } from './sides.js';

/** So small that it only shows that it works. */
export const smoke = { clients: [1, 20], rounds: 3, idle: [1, 20],
	commands: 20, verbs: 2 };


/** One event, until the last client has it; beside raw epoll. */
async function event(clients, rounds)
{
	const [ours, raw] = await withSides(async (start) =>
		measureSides('event', rounds, [[await start.referd(), clients],
			[await start.raw(), clients]]));

	return {
		what: 'event to the last client',
		clients,
		bytes: ours.bytes,
		p50_us: percentile(ours.us, 0.5),
		p90_us: percentile(ours.us, 0.9),
		raw_p50_us: percentile(raw.us, 0.5),
		raw_p90_us: percentile(raw.us, 0.9),
		ratio: percentile(ours.us, 0.5) / percentile(raw.us, 0.5),
		cpu_us: ours.cpu_us,
		raw_cpu_us: raw.cpu_us,
		kib_per_client: (ours.kib[1] - ours.kib[0]) / clients,
	};
}


/** One command, until its ack; few idle clients beside many. */
async function command(what, op, rounds, idle)
{
	const sides = await withSides(async (start) =>
		measureSides(op, rounds, await Promise.all(idle.map(
			async (clients) => [await start.referd(), clients]))));
	const least = percentile(sides[0].us, 0.5);

	return sides.map((side) => ({
		what,
		clients: side.clients,
		p50_us: percentile(side.us, 0.5),
		p90_us: percentile(side.us, 0.9),
		p99_us: percentile(side.us, 0.99),
		asked_p50_us: percentile(side.asked_us, 0.5),
		ratio: percentile(side.us, 0.5) / least,
		cpu_us: side.cpu_us,
	}));
}


/**
 * Measures both
 *
 * @param options `clients`: how many get an event; `rounds` of that; `idle`:
 *                how many are there during a command, the first is what the
 *                others are compared with; rounds of `commands`, and of `verbs`
 *                of which all hear
 */
export async function measure({ clients = [1, 100, 1000, 10_000], rounds = 30,
	idle = [10, 10_000], commands = 5000, verbs = 30 } = {})
{
	const rows = [];

	for (const count of clients)
		rows.push(await event(count, rounds));

	return [...rows,
		...await command('command to its ack, among idle clients',
			'dial', commands, idle),
		...await command('sip:refer to its ack, among clients that hear',
			'refer', verbs, idle)];
}

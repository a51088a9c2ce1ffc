/**
 * @file stops.js  The time that a request stops referd, with and without a
 * past
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { readFileSync } from 'node:fs';
import { percentile } from './figures.js';
import { program, withSides } from './sides.js';

/* MiB: so much that nothing goes */
const KEEP_ALL = ['--keep-mb', '100000'];
const STEPS = 2; /* of each transfer */

const QUICK = { transfers: [200], rounds: 2 };

/* The requests; the id of the oldest transfer replaces `OLD` */
const REQUESTS = [
	['nothing', ''],
	['the newest 100', '/transfers'],
	['the newest 1,000 (export)', '/transfers?limit=1000'],
	['a search without a match', '/transfers?q=nowhere-to-be-found'],
	['a target without a match', '/transfers?target=nowhere'],
	['an outcome that none has', '/transfers?outcome=presumed,unknown'],
	['a class that none has', '/transfers?code=5xx'],
	['a baresip that has none', '/transfers?node=nobody'],
	['the oldest page', '/transfers?limit=1000&before=OLD'],
	['since the first message', '/transfers?since=1'],
	['one transfer', '/transfers/OLD'],
	['/stats', '/stats'],
	['/metrics', '/metrics'],
	['/calls', '/calls'],
];


/** Time that the loop's thread has had of the CPU [ms] */
function cpu(server)
{
	const { pid } = server.process;

	return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8')
		.split(' ')[0]) / 1e6;
}


/** The loop's own time for a request [ms], without other load */
async function costs(server, path, rounds)
{
	const begin = cpu(server);

	for (let i = 0; i < rounds && path; i++)
		await (await fetch(server.http + path)).arrayBuffer();

	return (cpu(server) - begin) / rounds;
}


async function measure(server, [what, path], rounds)
{
	const at = path.replace('OLD', `fill${'0'.repeat(11)}9`);
	const port = new URL(server.http).port;
	const lines = (await program('bench-stops', port, at, rounds))
		.trim().split('\n').map((l) => l.split(',').map(Number));
	const waits = lines.map(([us]) => us / 1000);

	return { 'asked for': what,
		'answer (ms)': percentile(lines.map(([, ms]) => ms), 0.5),
		'of the loop (ms)': await costs(server, at, rounds),
		'another waits (ms)': percentile(waits, 0.5),
		'at most (ms)': percentile(waits, 1) };
}


/**
 * Stops: how long a request keeps the others waiting
 *
 * @param options `quick`: few transfers. `transfers`: how many are
 *                stored; `rounds` of each request
 */
export async function stops({ quick, ...options } = {})
{
	const { transfers, rounds } = { transfers: [300_000, 1_000_000],
		rounds: 20, ...(quick && QUICK), ...options };

	return withSides(async (start) => {
		const tables = [];

		for (const count of transfers) {
			const server = await start.referd(KEEP_ALL);

			await program('bench-fill', server.socket, count,
				STEPS);
			const rows = [];

			for (const request of REQUESTS)
				rows.push(await measure(server, request,
					rounds));
			await server.kill('SIGTERM');
			tables.push({ title: `Requests with ${count} ` +
				'transfers stored', rows });
		}

		return tables;
	});
}

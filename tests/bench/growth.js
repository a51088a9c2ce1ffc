/**
 * @file growth.js  What the past costs: the same with and without much of it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { Agent, get } from 'node:http';
import { measureSides, percentile, program, withSides } from './sides.js';

const MESSAGES = 5; /* of each transfer */
const CLIENTS = 10;

/* MiB: so much that nothing goes, so little that all does, bit by bit */
const KEEP_ALL = ['--keep-mb', '100000'];
const KEEP_NOTHING = ['--keep-mb', '1'];

/** So small that it only shows that it works. */
export const smoke = { messages: [0, 500], rounds: 3, commands: 20 };


/** Time that an answer takes [us], over a connection that stays. */
function request(url, agent)
{
	return new Promise((resolve, reject) => {
		const start = process.hrtime.bigint();

		get(url, { agent }, (response) => {
			response.resume();
			response.on('end', () => resolve(
				Number(process.hrtime.bigint() - start) / 1000));
		}).on('error', reject);
	});
}


async function requests(path, rounds, servers)
{
	const agent = new Agent({ keepAlive: true });
	const times = servers.map(() => []);

	for (let i = 0; i < rounds; i++) {
		for (const [n, server] of servers.entries())
			times[n].push(await request(server.http + path, agent));
	}
	agent.destroy();

	return times.map((us) => ({ us }));
}


/** A client gets all that is stored, and another is answered meanwhile. */
async function replay(server, messages)
{
	const { ms, answers, worst_us } = JSON.parse(await program(
		'bench-replay', new URL(server.http).port, messages));

	return { what: 'all of it to one client, a command meanwhile at worst',
		messages, ms, answers, worst_us };
}


function rows(what, messages, sides)
{
	const least = percentile(sides[0].us, 0.5);

	return sides.map(({ us }, i) => ({
		what,
		messages: messages[i],
		p50_us: percentile(us, 0.5),
		p90_us: percentile(us, 0.9),
		p99_us: percentile(us, 0.99),
		max_us: percentile(us, 1),
		ratio: percentile(us, 0.5) / least,
	}));
}


/**
 * Measures it
 *
 * @param options `messages`: how many are stored, the first is what the others
 *                are compared with; `rounds` of events and of requests;
 *                rounds of `commands`
 */
export async function measure({ messages = [0, 10_000, 1_000_000], rounds = 60,
	commands = 5000 } = {})
{
	return withSides(async (start) => {
		const servers = [];

		for (const count of messages) {
			const server = await start.referd(KEEP_ALL);

			if (count)
				await program('bench-fill', server.socket,
					Math.ceil(count / MESSAGES));
			servers.push(server);
		}

		const few = servers.map((server) => [server, CLIENTS]);
		const result = [
			...rows('command to its ack', messages,
				await measureSides('dial', commands, few)),
			...rows(`event to the last of ${CLIENTS} clients`,
				messages,
				await measureSides('event', rounds, few)),
			...rows('GET /transfers?limit=100', messages.slice(1),
				await requests('/transfers?limit=100', rounds,
					servers.slice(1))),
		];

		for (const [i, count] of messages.entries()) {
			if (count)
				result.push(await replay(servers[i], count));
		}

		/* the one with most to forget, beside one with nothing */
		const last = servers.at(-1);

		await last.kill('SIGTERM');
		last.args = [...last.args, ...KEEP_NOTHING];
		await last.run();

		return [...result, ...rows('command while the past goes',
			[messages[0], messages.at(-1)],
			await measureSides('dial', commands, [few[0],
				[last, CLIENTS]]))];
	});
}

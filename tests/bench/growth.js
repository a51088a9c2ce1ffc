/**
 * @file growth.js  The cost of the past: the same with and without much of it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { Agent, get } from 'node:http';
import { percentile } from './figures.js';
import { measureSides, program, withSides } from './sides.js';

const MESSAGES = 5; /* of each transfer */
const CLIENTS = 10;

/* MiB: so much that nothing goes, so little that all does, bit by bit */
const KEEP_ALL = ['--keep-mb', '100000'];
const KEEP_NOTHING = ['--keep-mb', '1'];

/* So little that it only shows that it works */
const QUICK = { messages: [0, 500], rounds: 3, commands: 20 };


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


/** Transfers of all times, each with its messages. */
async function ladders(rounds, messages, servers)
{
	const agent = new Agent({ keepAlive: true });
	const times = servers.map(() => []);

	for (let i = 0; i < rounds; i++) {
		for (const [n, server] of servers.entries()) {
			const count = Math.ceil(messages[n] / MESSAGES);
			const id = Math.floor(count * i / rounds)
				.toString(16).padStart(12, '0');

			times[n].push(await request(
				`${server.http}/transfers/fill${id}`, agent));
		}
	}
	agent.destroy();

	return times.map((us) => ({ us }));
}


/** A client gets all that is stored, and another is answered meanwhile. */
async function replay(server, messages)
{
	const { ms, answers, worst_us } = JSON.parse(await program(
		'bench-replay', new URL(server.http).port, messages));

	return { 'messages': messages, 'all of it (ms)': ms,
		'answers meanwhile': answers,
		'slowest answer (ms)': worst_us / 1000 };
}


function rows(messages, sides)
{
	const least = percentile(sides[0].us, 0.5);

	return sides.map(({ us }, i) => ({
		'messages': messages[i],
		'p50': percentile(us, 0.5),
		'p90': percentile(us, 0.9),
		'p99': percentile(us, 0.99),
		'max': percentile(us, 1),
		'p50 to the first': percentile(us, 0.5) / least,
	}));
}


/** Referds that have so many messages stored, each. */
async function fill(start, messages)
{
	const servers = [];

	for (const count of messages) {
		const server = await start.referd(KEEP_ALL);

		if (count)
			await program('bench-fill', server.socket,
				Math.ceil(count / MESSAGES));
		servers.push(server);
	}

	return servers;
}


/**
 * Growth: the cost of the past
 *
 * @param options `quick`: a short run. `messages`: how many are stored;
 *                `rounds` of events and of requests; rounds of `commands`
 */
export async function growth({ quick, ...options } = {})
{
	const { messages, rounds, commands } = {
		messages: [0, 10_000, 1_000_000], rounds: 60, commands: 5000,
		...(quick && QUICK), ...options };
	const path = '/transfers?limit=100';

	return withSides(async (start) => {
		const servers = await fill(start, messages);
		const sides = servers.map((server) => [server, CLIENTS]);
		const last = servers.at(-1);
		const dial = await measureSides('dial', commands, sides);
		const event = await measureSides('event', rounds, sides);
		const list = await requests(path, rounds, servers.slice(1));
		const ladder = await ladders(rounds, messages.slice(1),
			servers.slice(1));
		const replays = [];

		for (let i = 1; i < servers.length; i++)
			replays.push(await replay(servers[i], messages[i]));

		/* the one with most to forget, beside one with nothing */
		await last.kill('SIGTERM');
		last.args = [...last.args, ...KEEP_NOTHING];
		await last.run();

		const going = await measureSides('dial', commands,
			[sides[0], sides.at(-1)]);

		return [
			{ title: 'A command (dial) with a number of stored ' +
				'messages (µs)', rows: rows(messages, dial) },
			{ title: `An event to ${CLIENTS} clients (µs)`,
				rows: rows(messages, event) },
			{ title: `GET ${path} (µs)`,
				rows: rows(messages.slice(1), list) },
			{ title: 'GET /transfers/ID, of all times (µs)',
				rows: rows(messages.slice(1), ladder) },
			{ title: 'One client reads all stored messages while ' +
				'another one sends commands', rows: replays },
			{ title: 'A command while old messages are removed (µs)',
				rows: rows([messages[0], messages.at(-1)],
					going) },
		];
	});
}

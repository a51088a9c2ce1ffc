/**
 * @file sides.js  The servers that bench-fanout measures in turns
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Process } from '../e2e/lib/process.js';
import { Referd } from '../e2e/lib/referd.js';
import { settings } from '../e2e/lib/settings.js';

const run = promisify(execFile);
const OUTPUT_MAX = 1 << 26; /* bytes */

/* One client gives commands as quickly as they are answered */
const QUICK = ['--log-level', 'warning', '--max-rate', '1000000'];


/** Runs one of the programs of this directory; returns its output. */
export async function program(name, ...args)
{
	const { stdout } = await run(join(settings.build, 'tests/bench', name),
		args.map(String), { maxBuffer: OUTPUT_MAX });

	return stdout;
}


/** Raw epoll, in place of a referd. */
class Raw {
	constructor(dir)
	{
		this.raw = true;
		this.socket = join(dir, 'raw.sock');
	}

	async start()
	{
		this.process = new Process('raw', [join(settings.build,
			'tests/bench/bench-raw'), this.socket]);

		const line = await this.process.log.wait(
			(l) => l.startsWith('raw: '), 'line with its address');

		this.http = line.slice('raw: '.length);
	}

	kill()
	{
		return this.process.kill();
	}
}


/** Servers in a directory of their own, until the function is done. */
export async function withSides(use)
{
	const dir = mkdtempSync(join(tmpdir(), 'bench-'));
	const servers = [];
	const start = async (server) => {
		servers.push(server);
		await server.start();

		return server;
	};

	try {
		return await use({
			referd: (args = []) => start(new Referd(
				join(dir, `${servers.length}`),
				{ args: [...QUICK, ...args] })),
			raw: () => start(new Raw(dir)),
		});
	} finally {
		await Promise.all(servers.map((s) => s.kill('SIGKILL')));
		rmSync(dir, { recursive: true });
	}
}


/**
 * Has servers do something in turns
 *
 * @param op     `event`, `dial` or `refer`
 * @param rounds How often each does it
 * @param sides  Pairs of a server and how many clients it has
 */
export async function measureSides(op, rounds, sides)
{
	const args = sides.map(([server, clients]) => [server.process.pid,
		clients, new URL(server.http).port, server.socket,
		...(server.raw ? ['raw'] : []),
		...(server.across ? ['fleet'] : [])].join());

	return JSON.parse(await program('bench-fanout', op, rounds, ...args));
}

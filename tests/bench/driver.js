/**
 * @file driver.js  bench-transfer, and how it is spoken to
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Process } from '../e2e/lib/process.js';
import { settings } from '../e2e/lib/settings.js';

export const FAR = '10.77.0.40:5060';
const TIME = 600_000; /* ms */


/** bench-transfer, which stops at each point where processes are measured. */
export class Driver {
	/** @param args Of bench-transfer; the last may be variables for it */
	constructor(...args)
	{
		const env = typeof args.at(-1) === 'object' ? args.pop() : {};
		const path = join(settings.build,
			'tests/bench/bench-transfer');

		if (!existsSync(path))
			throw new Error(`${path} is missing: cmake --build ` +
				`${settings.build} --target bench`);

		this.process = new Process('bench-transfer',
			[path, FAR, ...args.map(String)], { env });
		this.seen = 0;
	}

	/** Output of the program until it stops again. */
	async until(at, timeout = TIME)
	{
		const { log } = this.process;
		const from = this.seen;

		await log.wait((l) => l === `{"at":"${at}"}`, at,
			{ from, timeout });

		const lines = log.items.slice(from);
		const end = lines.indexOf(`{"at":"${at}"}`);

		this.seen = from + end + 1;

		return lines.slice(0, end).filter((l) => l.startsWith('{'))
			.map((l) => JSON.parse(l));
	}

	go(what = '')
	{
		this.process.child.stdin.write(`${what}\n`);
	}

	/** Lets it go on after its last stop, to its end. */
	end()
	{
		this.go();

		return this.process.ended();
	}
}


/** Runs something with a directory, of which nothing is left. */
export async function inDirectory(act)
{
	const dir = mkdtempSync(join(tmpdir(), 'sip-refer-bench-'));

	try {
		return await act(dir);
	}
	finally {
		rmSync(dir, { recursive: true, force: true });
	}
}


/**
 * Runs something with peers, of which nothing is left
 *
 * @param start Functions of a directory that start a peer, by its name
 * @param act   Function of the peers
 */
export function withPeers(start, act)
{
	return inDirectory(async (dir) => {
		const peers = [];

		try {
			for (const [name, peer] of Object.entries(start))
				peers.push(await peer(join(dir, name)));

			for (const p of peers)
				p.processes.forEach((x) => x.quiet());

			return await act(peers);
		}
		finally {
			await Promise.all(peers.flatMap((p) =>
				p.processes.map((x) => x.kill())));
		}
	});
}

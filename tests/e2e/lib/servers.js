/**
 * @file servers.js  The nats-servers of a fleet, configured by referctl
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { program } from './nats.js';
import { Process } from './process.js';
import { sanitizerOptions, settings } from './settings.js';

const ROUTE_STEP = 2000; /* from the port of clients to that of routes */
const PORTS = [20_000, 30_000];


function isFree(port)
{
	return new Promise((done) => {
		const server = createServer();

		server.on('error', () => done(false));
		server.listen(port, '127.0.0.1', () =>
			server.close(() => done(true)));
	});
}


/* A port whose port for routes is free as well */
async function freePort(taken)
{
	for (;;) {
		const port = PORTS[0] + Math.floor(Math.random() *
			(PORTS[1] - PORTS[0]));

		if (!taken.includes(port) && await isFree(port) &&
			await isFree(port + ROUTE_STEP))
			return port;
	}
}


/**
 * Some nats-servers, configured by `referctl fleet config`, on free ports of
 * the loopback. `keys` is the directory of the members' keys, `urls` the
 * addresses for each member.
 */
export class Servers {
	/**
	 * @param dir     Directory for their files
	 * @param members Names of the members
	 * @param options `count` of servers; `started`: called with each
	 *                process
	 */
	static async start(dir, members, { count = 3, started } = {})
	{
		const s = new Servers();

		s.dir = dir;
		s.started = started ?? (() => {});
		await s.configure(members, count);
		for (let i = 0; i < count; i++)
			await s.run(i);

		return s;
	}

	async configure(members, count)
	{
		const ports = [];

		while (ports.length < count)
			ports.push(await freePort(ports));

		this.addresses = ports.map((port) => `127.0.0.1:${port}`);
		this.urls = this.addresses.map((a) => `nats://${a}`).join();
		this.keys = join(this.dir, 'keys');
		this.processes = [];
		mkdirSync(this.keys, { mode: 0o700 });

		for (const [i, address] of this.addresses.entries()) {
			writeFileSync(this.file(i), this.referctl('config',
				...members, '--server', address, '--keys',
				this.keys, '--store',
				join(this.dir, `nats${i}`)), { mode: 0o600 });
		}
	}

	file(i)
	{
		return join(this.dir, `nats${i}.conf`);
	}

	/** Runs `referctl fleet`; its output, for any exit status. */
	referctl(...args)
	{
		try {
			return execFileSync(settings.referctl, ['fleet', ...args,
				'--fleet', this.urls], { encoding: 'utf8',
				stdio: ['ignore', 'pipe', 'pipe'], env: {
					...process.env, ...sanitizerOptions() } });
		}
		catch (err) {
			if (err.stdout)
				return err.stdout;
			throw new Error(err.stderr?.trim() || err.message);
		}
	}

	/** The options of the operator, who may create the stream. */
	operate(...args)
	{
		return this.referctl(...args, '--fleet-nkey',
			join(this.keys, 'operator.nk'));
	}

	/** Starts or restarts one of them. */
	async run(i)
	{
		const p = new Process(`nats-server ${i + 1}`,
			[program, '-c',
				this.file(i)], { env: { GOMEMLIMIT: '128MiB' } });

		this.processes[i] = p;
		this.started(p);
		await p.log.wait((l) => l.includes('Server is ready'),
			'start of a nats-server');
	}

	kill(i)
	{
		return this.processes[i].kill('SIGKILL');
	}

	/** The server that leads the stream. */
	leader()
	{
		const { stream } = JSON.parse(this.operate('status', '--json'));

		return Number(/-(\d+)$/.exec(stream?.leader)?.[1]) - 1;
	}

	/** The options to start a member with. */
	options(member)
	{
		return ['--fleet', this.urls, '--fleet-node', member,
			'--fleet-nkey', join(this.keys, `${member}.nk`),
			'--fleet-view', 'yes'];
	}
}

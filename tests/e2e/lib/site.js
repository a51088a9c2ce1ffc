/**
 * @file site.js  Machines of a private network; a test can cut off each
 *
 * A site is a network namespace behind a bridge of the test. Processes in it
 * have its address and its loopback interface.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { Process } from './process.js';

const run = promisify(execFile);
const ip = (...args) => run('ip', args);
const BRIDGE = 'sites';
const NET = '10.78.0';

/** Address of the test itself in that network. */
export const HOME = `${NET}.254`;

let bridge;
let count = 0;


/* Some machines do not let a process create namespaces. */
export const NO_SITES = spawnSync('unshare', ['-n', 'true']).status !== 0 &&
	'this system gives no private network to a machine of the test';


async function makeBridge()
{
	await ip('link', 'add', BRIDGE, 'type', 'bridge');
	await ip('address', 'add', `${HOME}/24`, 'dev', BRIDGE);
	await ip('link', 'set', BRIDGE, 'up');
}


export class Site {
	/** A machine with an address of its own. */
	static async start(name = `site${count + 1}`)
	{
		const s = new Site();

		s.name = name;
		s.number = ++count;
		s.ip = `${NET}.${s.number}`;
		s.link = `site${s.number}`;
		await (bridge ??= makeBridge());
		await s.begin();

		return s;
	}

	/* The namespace lives as long as the process that holds it. */
	async begin()
	{
		const inside = `${this.link}in`;

		this.process = new Process(this.name, ['unshare', '-n', 'sh',
			'-c', 'echo holds; exec sleep infinity']);
		await this.process.log.wait((l) => l === 'holds', 'namespace');
		await ip('link', 'add', this.link, 'type', 'veth', 'peer',
			'name', inside);
		await ip('link', 'set', inside, 'netns', `${this.process.pid}`);
		await ip('link', 'set', this.link, 'master', BRIDGE, 'up');
		for (const args of [['address', 'add', `${this.ip}/24`, 'dev',
			inside], ['link', 'set', inside, 'up'],
		['link', 'set', 'lo', 'up']])
			await run(...this.argv('ip', ...args));
	}

	/** The prefix of a command that runs it here. */
	get wrap()
	{
		return ['nsenter', '-t', `${this.process.pid}`, '-n', '--'];
	}

	argv(command, ...args)
	{
		const [enter, ...rest] = [...this.wrap, command, ...args];

		return [enter, rest];
	}

	/** Drops all traffic between this site and others from now on. */
	async cut()
	{
		await ip('link', 'set', this.link, 'down');
	}

	async heal()
	{
		await ip('link', 'set', this.link, 'up');
	}

	/** Removes the machine; the owner of its processes must kill them. */
	async kill()
	{
		await ip('link', 'delete', this.link).catch(() => {});

		return this.process.kill('SIGKILL');
	}
}

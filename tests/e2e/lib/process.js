/**
 * @file process.js  A child process whose output is a journal of lines
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Journal } from './journal.js';

const LOOK_TIME = 20; /* ms */

const running = new Set();

process.on('exit', () => {
	for (const p of running)
		p.signal('SIGKILL');
});


/**
 * A program in a session of its own, so that Ctrl-C reaches only the test. The
 * kernel kills it when this process dies for any reason.
 */
export class Process {
	/**
	 * @param options `env`, `cwd`; `output`: a file for its output. The
	 *                journal has the lines before `quiet()`; later output
	 *                does not wake the test
	 */
	constructor(name, argv, { env = {}, cwd, output } = {})
	{
		const args = ['--pdeathsig', 'KILL', '--',
			'env', ...Object.entries(env)
				.map(([k, v]) => `${k}=${v}`), ...argv];

		this.name = name;
		this.log = new Journal(name);
		this.child = spawn('setpriv', args,
			{ cwd, stdio: this.stdio(output), detached: true });
		this.child.stdin.on('error', () => {});
		running.add(this);

		for (const stream of [this.child.stdout, this.child.stderr]) {
			if (stream)
				createInterface({ input: stream })
					.on('line', (l) => this.log.add(l));
		}

		this.exited = new Promise((resolve) => {
			this.child.on('error', (err) => this.log.add(`${err}`));
			this.child.on('close', (code, signal) => {
				running.delete(this);
				this.quiet();
				this.status = signal ?? code;
				this.log.end(`it ended with ${this.status}`);
				resolve(this.status);
			});
		});
	}

	stdio(output)
	{
		if (!output)
			return ['pipe', 'pipe', 'pipe'];

		const fd = openSync(output, 'a');

		this.output = output;
		this.looking = setInterval(() => this.look(), LOOK_TIME);
		setImmediate(() => closeSync(fd));

		return ['pipe', fd, fd];
	}

	look()
	{
		const lines = readFileSync(this.output, 'utf8').split('\n');

		for (const line of lines.slice(this.log.length, -1))
			this.log.add(line);
	}

	/** Stops reading the file of its output. */
	quiet()
	{
		clearInterval(this.looking);
	}

	/** Drops its output so far, for tests that run for hours. */
	forget()
	{
		this.log.forget();
		if (this.output)
			truncateSync(this.output);
	}

	get pid()
	{
		return this.child.pid;
	}

	get alive()
	{
		return this.status === undefined;
	}

	/** Sends a signal and waits for the end; an exit code or signal name. */
	async kill(signal = 'SIGKILL', timeout = 20_000)
	{
		if (this.alive)
			this.signal(signal);

		return this.ended(timeout);
	}

	/* A process that gets SIGKILL cannot end its children. */
	signal(signal)
	{
		if (!this.pid)
			return;

		try {
			process.kill(signal === 'SIGKILL' ? -this.pid :
				this.pid, signal);
		}
		catch (err) {
			if (err.code !== 'ESRCH')
				throw err;
		}
	}

	/** Waits for the end, which must occur within `timeout` ms. */
	async ended(timeout = 20_000)
	{
		let timer;
		const late = new Promise((_, reject) => {
			timer = setTimeout(() => reject(new Error(
				`${this.name} still runs after ${timeout} ms`)),
				timeout);
		});

		return Promise.race([this.exited, late])
			.finally(() => clearTimeout(timer));
	}
}

/**
 * @file referd.js  The control service under test
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Process } from './process.js';
import { memoryEnv, sanitizerOptions, settings } from './settings.js';
import { until } from './until.js';

const KNOWN_TIME = 30_000; /* ms */


/** One referd. `http` and `ws` are its addresses, once it runs. */
export class Referd {
	constructor(dir, { listen = '127.0.0.1:0', args = [], env = {},
		wrap = [], output } = {})
	{
		this.dir = dir;
		this.listen = listen;
		this.args = args;
		this.env = env;
		this.wrap = wrap;
		this.output = output;
	}

	static async start(dir, options)
	{
		const r = new Referd(dir, options);

		await r.start();

		return r;
	}

	async start()
	{
		mkdirSync(this.dir);
		await this.run();
	}

	/** Starts it, or restarts it with its files. */
	async run()
	{
		this.process = new Process('referd', [...this.wrap, settings.referd,
			'--listen', this.listen, '--socket', this.socket,
			'--state', join(this.dir, 'state'),
			'--web', join(settings.source, 'web'), ...this.args],
			{ env: { ...sanitizerOptions(), ...memoryEnv(),
					...this.env },
				output: this.output });

		const line = await this.process.log.wait(
			(l) => /^referd: https?:\/\//.test(l),
			'line with its address');

		this.http = line.slice('referd: '.length).replace(/\/$/, '');
		this.ws = this.http.replace('http', 'ws') + '/ws';
	}

	/** Waits until so many gateways have reported their live calls. */
	async knows(gateways)
	{
		for (let i = 0; i < KNOWN_TIME; i += 10) {
			const response = await fetch(`${this.http}/healthz`);
			const { nodes } = await response.json();

			if (nodes >= gateways)
				return;
			await new Promise((resolve) => setTimeout(resolve, 10));
		}

		throw new Error(`referd knows less than ${gateways} gateways`);
	}

	/** The state of its fleet, as soon as `is` accepts it. */
	fleet(is)
	{
		return until(async () => {
			const response = await fetch(`${this.http}/healthz`);
			const { fleet } = await response.json();

			if (is(fleet))
				return fleet ?? true;
			throw new Error(JSON.stringify(fleet));
		}, 'such a fleet');
	}

	/** The socket for the links of baresips. */
	get socket()
	{
		return join(this.dir, 'node.sock');
	}

	/** The path of its store. */
	get state()
	{
		const at = this.args.lastIndexOf('--state');

		return at < 0 ? join(this.dir, 'state') : this.args[at + 1];
	}

	/** Deletes its store while it is not running. */
	forget()
	{
		rmSync(join(this.dir, 'state'), { recursive: true });
	}

	kill(signal)
	{
		return this.process.kill(signal);
	}
}

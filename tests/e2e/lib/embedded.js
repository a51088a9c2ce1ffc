/**
 * @file embedded.js  The control service in the process of its one baresip
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Baresip } from './baresip.js';
import { Referd } from './referd.js';
import { memoryEnv, settings } from './settings.js';

const PATIENCE = 5000; /* ms */
const COLOUR = /\x1b\[[\d;]*m/g;
const OWN = /sip_refer|referd|module|ready/;
const ADDRESS = /^referd: (https?:\/\/\S+?)\/?$/;


/** A test needs a feature that only a separate referd process has. */
export class DaemonOnly extends Error {}


/* Options in the form of baresip's config; one without a value is yes */
function settingsOf(args)
{
	const lines = {};

	args.forEach((arg, i) => {
		if (!arg.startsWith('--'))
			return;

		const name = arg.slice(2).replaceAll('-', '_');
		const value = (args[i + 1] ?? '--') || '""';

		lines[`referd_${name}`] = value.startsWith('--') ?
			'yes' : value;
	});

	return lines;
}


/** A baresip that has referd.so as well. `http` is its address. */
class Host extends Baresip {
	/** Starts it, or waits until it runs if its start has begun. */
	run()
	{
		if (!this.process?.alive)
			this.running = this.begin();

		return this.running;
	}

	async begin()
	{
		const run = super.run(); /* creates the process at once */

		await this.listens();
		await run;
	}

	/** Loads referd.so again after it was unloaded. */
	async load()
	{
		const from = this.process.log.length;

		await this.command('insmod', 'referd.so');
		await this.listens({ from });
	}

	async listens(options)
	{
		const { log } = this.process;
		const line = await log.wait((l) =>
			ADDRESS.test(l.replace(COLOUR, '')),
			'line with its address', options).catch((err) => {
			const said = log.filter((l) => OWN.test(l));

			throw new Error([err.message, ...said].join('\n'));
		});

		this.http = ADDRESS.exec(line.replace(COLOUR, ''))[1];
	}
}


/**
 * One process for both: a Referd as the service, and in `gateway` the Baresip
 * that contains it. A start, kill or wait of the one applies to the other.
 */
export class Embedded extends Referd {
	/**
	 * @param dir     Directory for all of its files, created here
	 * @param referd  Options of Referd.start()
	 * @param gateway Options of Baresip.start()
	 */
	static async start(dir, referd, gateway)
	{
		const e = new Embedded(dir, referd);
		const { env = {}, wrap, output } = e;

		mkdirSync(dir);
		e.gateway = await Host.start(join(dir, 'baresip'), {
			module: true, wrap, output,
			env: { ...memoryEnv(), ...env }, ...gateway,
			config: { ...gateway.config, ...settingsOf([
				'--listen', e.listen,
				'--state', join(dir, 'state'),
				'--web', join(settings.source, 'web'),
				...e.args]) },
			modules: { 'referd.so': settings.service } });

		return e;
	}

	get process()
	{
		return this.gateway.process;
	}

	get http()
	{
		return this.gateway.http;
	}

	get ws()
	{
		return this.http.replace('http', 'ws') + '/ws';
	}

	get socket()
	{
		throw new DaemonOnly('no other process links to it');
	}

	/** It does not wait for an unanswered BYE: see baresip's main.c. */
	async kill(signal)
	{
		if (signal !== 'SIGTERM')
			return super.kill(signal);

		const { process } = this;
		const timer = setTimeout(() => process.signal(signal), PATIENCE);

		return process.kill(signal).finally(() => clearTimeout(timer));
	}

	/** Its calls end with it. */
	get hasCalls()
	{
		return true;
	}

	run()
	{
		return this.gateway.run();
	}
}

/**
 * @file referctl.js  The command referctl under test
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Process } from './process.js';
import { sanitizerOptions, settings } from './settings.js';


/** One run; `out` holds the lines of both its outputs so far. */
export class Referctl {
	/**
	 * @param s       The scene
	 * @param args    Arguments
	 * @param options `env`: variables; HOME is an empty directory;
	 *                `wrap`: a command to run it under
	 */
	constructor(s, args, { env = {}, wrap = [] } = {})
	{
		const home = join(s.dir, 'home');

		mkdirSync(home, { recursive: true });
		this.process = new Process('referctl',
			[...wrap, settings.referctl, ...args],
			{ env: { HOME: home, XDG_CONFIG_HOME: '',
				...sanitizerOptions(), ...env } });
		this.out = this.process.log;
		s.join(this);
	}

	input(text)
	{
		this.process.child.stdin.end(text);
	}

	/** Waits for a line that matches. */
	line(pattern)
	{
		return this.out.wait((l) => pattern.test(l), `${pattern}`);
	}

	/** Waits for its end; its exit status and its whole output. */
	async end()
	{
		const status = await this.process.ended(60_000);

		return { status, text: this.out.items.join('\n') };
	}

	kill(signal)
	{
		return this.process.kill(signal);
	}
}

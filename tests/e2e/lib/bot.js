/**
 * @file bot.js  An application on a package of jambonz, a process of its own
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Journal } from './journal.js';
import { Process } from './process.js';

const BOTS = join(dirname(fileURLToPath(import.meta.url)), '../bots');


/** A bot of bots/. `events` holds its output, in order. */
export class Bot {
	static async start(s, name, wish = {})
	{
		const b = new Bot();

		b.name = name;
		b.wish = wish;
		await b.run();

		return s.join(b);
	}

	/** Starts it, or restarts it at the same address. */
	async run()
	{
		this.events = new Journal(this.name);
		this.process = new Process(this.name, [process.execPath,
			join(BOTS, `${this.name}.js`),
			JSON.stringify(this.wish)]);
		this.process.log.follow((line) => {
			if (line.startsWith('{'))
				this.events.add(JSON.parse(line));
		});

		const { port } = await this.event('listening');

		this.wish = { ...this.wish, port };
		this.host = `${this.wish.ip ?? '127.0.0.1'}:${port}`;
	}

	/** The first event of a name whose data have `fields`. */
	event(name, fields = {})
	{
		return this.events.wait((e) => e.event === name &&
			Object.entries(fields).every(([k, v]) =>
				e.data?.[k] === v),
			`${name} with ${JSON.stringify(fields)}`);
	}

	/** All events of a name, so far. */
	all(name)
	{
		return this.events.filter((e) => e.event === name);
	}

	kill(signal)
	{
		return this.process.kill(signal);
	}
}

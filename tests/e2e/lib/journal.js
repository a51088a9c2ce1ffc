/**
 * @file journal.js  A record of events in order, and waits for one of them
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { inspect } from 'node:util';

const LAST = 8;

/* Long enough for a sanitized build under valgrind on a busy machine. */
const DEADLINE = 30_000;


/**
 * All items of one source (a client, a log, a SIP trace) so far.
 *
 * A wait does not remove items, so a test may wait for them in any order;
 * `from` limits a wait to the items after a mark.
 */
export class Journal {
	/** @param show Formats an item as one line, for failure messages */
	constructor(name, show = (i) => inspect(i, { depth: 5,
		breakLength: Infinity }))
	{
		this.name = name;
		this.show = show;
		this.items = [];
		this.waiting = new Set();
		this.ended = null;
	}

	get length()
	{
		return this.items.length;
	}

	/** Drops the oldest items, for tests that run for hours. */
	forget(count = this.length)
	{
		this.items.splice(0, count);
	}

	add(item)
	{
		this.items.push(item);

		for (const w of [...this.waiting]) {
			if (w.matches(item))
				w.resolve(item);
		}
	}

	/** Calls a function for each item, past and future. */
	follow(handler)
	{
		this.items.forEach(handler);
		this.waiting.add({ matches: () => true, resolve: handler,
			reject: () => {} });
	}

	/** The source has ended: each pending wait fails at once. */
	end(why)
	{
		this.ended = why;

		for (const w of [...this.waiting])
			w.reject(new Error(this.complaint(w.what, why)));
	}

	filter(matches, from = 0)
	{
		return this.items.slice(from).filter(matches);
	}

	/**
	 * The first item, past or future, that matches
	 *
	 * @param matches Function of an item
	 * @param what    Name of the expected item, for the failure message
	 * @param options `from`: first index that counts; `timeout` in ms
	 */
	wait(matches, what, { from = 0, timeout = DEADLINE } = {})
	{
		const found = this.items.slice(from).find(matches);

		if (found !== undefined)
			return Promise.resolve(found);
		if (this.ended)
			return Promise.reject(new Error(
				this.complaint(what, this.ended)));

		return new Promise((resolve, reject) => {
			const w = { matches, what };
			const leave = (finish) => (value) => {
				clearTimeout(timer);
				this.waiting.delete(w);
				finish(value);
			};
			const timer = setTimeout(() => w.reject(new Error(
				this.complaint(what, `${timeout} ms`))),
				timeout);

			w.resolve = leave(resolve);
			w.reject = leave(reject);
			this.waiting.add(w);
		});
	}

	complaint(what, why)
	{
		const last = this.items.slice(-LAST).map((i) =>
			typeof i === 'string' ? i : this.show(i));

		return `${this.name}: no ${what} (${why}); last was\n  ` +
			last.join('\n  ');
	}
}

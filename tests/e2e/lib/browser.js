/**
 * @file browser.js  A real Chromium that shows the page of a referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Journal } from './journal.js';

/* A test has no use for the browser's own traffic. */
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic',
	'--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];


/**
 * One browser with one page. It is a party of a scene: `process.log` holds the
 * log of the page, `requests` and `errors` its requests and errors.
 */
export class Browser {
	static async start(s, { width = 1280, height = 800, ...options } = {})
	{
		const b = new Browser();

		b.dir = mkdtempSync(join(tmpdir(), 'sip-refer-chromium-'));
		b.requests = [];
		b.errors = [];
		b.process = { name: 'chromium', log: new Journal('chromium'),
			alive: true, kill: () => b.kill() };
		s.join(b);

		b.context = await chromium.launchPersistentContext(b.dir, {
			executablePath: process.env.CHROMIUM ||
				'/usr/bin/chromium',
			args: ARGS, viewport: { width, height }, ...options });
		b.page = b.context.pages()[0] ?? await b.context.newPage();
		b.listen();

		return b;
	}

	listen()
	{
		const { log } = this.process;

		this.page.on('console', (m) => {
			log.add(`${m.type()}: ${m.text()}`);
			if (/Content Security Policy/.test(m.text()))
				this.errors.push(m.text());
		});
		this.page.on('pageerror', (e) => {
			log.add(e.stack);
			this.errors.push(e.message);
		});
		this.page.on('request', (r) => this.requests.push(r.url()));
	}

	async kill()
	{
		if (!this.process.alive)
			return;

		this.process.alive = false;
		await this.context?.close();
		rmSync(this.dir, { recursive: true, force: true });
	}
}

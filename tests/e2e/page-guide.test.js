/**
 * @file page-guide.test.js  The page without a call: the guide to get one
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './lib/browser.js';
import { fill, press, says, seen, text } from './lib/page.js';
import { scene } from './lib/scene.js';

const GUIDE = '#calls-empty';
const WALL = 'wall-0123456789abcdef';


function hidden(b)
{
	return seen(b, GUIDE, { state: 'hidden' });
}


scene('without a call the page tells how to get one', async (s) => {
	const referd = await s.referd();
	const b = await Browser.start(s);
	const { page } = b;

	/* no baresip: the two lines that connect one */
	await page.goto(referd.http);
	await says(b, GUIDE, /No baresip is connected\..*two lines/);
	assert.equal(await text(b, `${GUIDE} pre`),
		'module_app      sip_refer.so\ncall_max_calls  200');
	assert.equal(await page.getByRole('link', { name: 'dial out' })
		.count(), 0);

	/* a baresip: its address, a way to dial, the demo, a bot */
	const gateway = await s.gateway(referd);
	await says(b, GUIDE, /No call is up\. Call a gateway:/);
	await says(b, `${GUIDE} .facts`, /^gw\s*sip:gw@10\.77\.0\.1$/);
	assert.match(await text(b, GUIDE), /scripts\/demo\.sh/);
	assert.ok((await text(b, GUIDE)).includes(
		`Connect a bot to ${referd.ws}: docs/protocol.md`));
	await page.getByRole('link', { name: 'Connect a bot' }).click();
	await seen(b, '#send-example');

	for (const width of [360, 1280]) {
		await page.setViewportSize({ width, height: 640 });
		await page.keyboard.press('l');
		await seen(b, GUIDE);
		assert.equal(await page.evaluate(() => document.documentElement
			.scrollWidth - innerWidth), 0);
		assert.ok(await page.evaluate(() => {
			const [guide, next] = ['#calls-empty', '#transfers-empty']
				.map((id) => document.querySelector(id)
					.getBoundingClientRect());

			return guide.bottom <= next.top;
		}), `nothing is covered at ${width}`);
	}

	/* the guide disappears with a call, and returns after it */
	const agent = await s.agent();
	await page.getByRole('link', { name: 'dial out' }).click();
	await fill(b, 'To', agent.uri);
	await press(b, 'Dial');
	await agent.event('CALL_ESTABLISHED');
	await hidden(b);
	await press(b, 'Hang up');
	await says(b, GUIDE, /No call is up/);

	/* an incoming call at that address counts as well */
	const carrier = await s.carrier();
	await carrier.dial(await text(b, `${GUIDE} .facts dd`));
	await seen(b, '.call');
	await hidden(b);
	await carrier.command('hangup');
	await says(b, GUIDE, /No call is up/);

	await gateway.kill();
	await says(b, GUIDE, /No baresip is connected/);
	assert.deepEqual(b.errors, []);
});


scene('the guide of an observer has nothing to press', async (s) => {
	const tokens = join(s.dir, 'tokens');

	writeFileSync(tokens, `wall observer ${WALL}\n`, { mode: 0o600 });
	const referd = await s.referd({ args: ['--token-file', tokens] });
	const b = await Browser.start(s);

	await s.gateway(referd);
	await b.page.goto(`${referd.http}/#token=${WALL}`);
	await says(b, GUIDE, /Call a gateway:\s*gw\s*sip:gw@10\.77\.0\.1/);
	assert.equal(await b.page.getByRole('link', { name: 'dial out' })
		.count(), 0);

	/* the page hides phone numbers on request */
	await b.page.locator('#mask').click();
	await says(b, GUIDE, /sip:gw@10\.77\.0\.1/);
});

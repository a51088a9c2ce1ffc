/**
 * @file page-access.test.js  The page with tokens: rights to read and to act
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './lib/browser.js';
import { save, says, seen } from './lib/page.js';
import { scene } from './lib/scene.js';
import { until } from './lib/until.js';

const BOT = 'bot-0123456789abcdef';
const WALL = 'wall-0123456789abcdef';


/** A gateway with a call, a referd that requires tokens, and a browser. */
async function guarded(s)
{
	const tokens = join(s.dir, 'tokens');

	writeFileSync(tokens, `bot controller ${BOT}\nwall observer ${WALL}\n`,
		{ mode: 0o600 });

	const referd = await s.referd({ args: ['--token-file', tokens] });
	const client = await s.client(referd,
		{ query: `?access_token=${BOT}` });

	await s.gateway(referd);
	await client.message('node:status', { connected: true });

	const { sid } = await s.call(client, 'transfer',
		{ answer: 'SIP/2.0 202 Accepted', final: '486 Busy Here' });
	const b = await Browser.start(s);

	return { referd, client, sid, b, page: b.page };
}


scene('an observer sees everything, and has nothing to press', async (s) => {
	const { referd, client, sid, b, page } = await guarded(s);

	await page.goto(`${referd.http}/#token=${WALL}`);
	await seen(b, '#link[data-state="live"]');
	await says(b, '#role', /observer/);
	assert.ok(!page.url().includes(WALL));

	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await says(b, '.verdict', /486 Busy Here/);
	await seen(b, '.call');
	for (const name of ['Hang up', 'Answer', 'Transfer', 'Dial'])
		assert.equal(await page.getByRole('button', { name })
			.or(page.getByRole('link', { name, exact: true }))
			.locator('visible=true').count(), 0, name);

	await page.locator('.call .item').click();
	await says(b, '.page .hint', /an observer, who sees everything/);
	assert.equal(await page.locator('.page form').locator('visible=true')
		.count(), 0);
	await page.keyboard.press('d');
	await says(b, '.page .hint', /controls nothing/);
	await page.keyboard.press('c');
	await says(b, '#send-note', /controls nothing/);
	assert.ok(await page.locator('#send-text').isDisabled());
	await says(b, '#log', /transfer:status/);

	/* The page sends the token for the history, too; a reload keeps it. */
	await page.keyboard.press('h');
	await says(b, '.rows .result', /486 Busy Here/);
	await page.reload();
	await says(b, '.rows .result', /486 Busy Here/);
	assert.deepEqual(b.requests.filter((url) => url.includes(WALL) &&
		!url.startsWith('ws') && !url.includes('#')), []);
});


scene('who has no token is asked for one, and again if it is wrong',
	async (s) => {
	const { referd, b, page } = await guarded(s);

	await page.goto(referd.http);
	await seen(b, '#auth[open]');
	await page.locator('#auth-token').fill('wrong-0123456789abcdef');
	await page.keyboard.press('Enter');
	await seen(b, '#auth:not([open])', { state: 'attached' });
	await seen(b, '#auth[open]');
	await page.locator('#auth-token').fill(BOT);
	await page.getByRole('button', { name: 'Continue' }).click();
	await seen(b, '#link[data-state="live"]');
	await page.locator('.call .from').click();
	await seen(b, '.page .danger:not([hidden])');
	assert.equal(await page.locator('#role').isVisible(), false);
	assert.equal(await page.locator('#auth[open]').count(), 0);
});


scene('a capture is saved with the token, and with its numbers hidden',
	async (s) => {
	const { referd, client, sid, b, page } = await guarded(s);
	const magic = Buffer.from([0x0a, 0x0d, 0x0d, 0x0a]);

	await page.goto(`${referd.http}/#token=${WALL}`);
	client.send({ verb: 'sip:refer', referTo: '+49301234567',
		call_sid: sid });
	await says(b, '.verdict', /486 Busy Here/);

	const { data } = await client.message('transfer:status',
		{ step: 'ended' });

	/* the SIP messages follow the last step */
	await until(async () => {
		const { ok } = await fetch(`${referd.http}/transfers/${
			data.transfer_id}.pcapng`, { headers: {
			Authorization: `Bearer ${WALL}` } });

		return ok;
	}, 'capture');
	const { name, bytes } = await save(page, 'Save as pcapng');

	assert.equal(name, `transfer-${data.transfer_id}.pcapng`);
	assert.deepEqual(bytes.subarray(0, 4), magic);
	for (const text of ['INVITE sip:', 'REFER sip:', '+49301234567@',
		'SIP/2.0 202 Accepted', 'SIP/2.0 486 Busy Here'])
		assert.ok(bytes.includes(text), text);

	await page.locator('#mask').click();
	const masked = await save(page, 'Save as pcapng');

	assert.deepEqual(masked.bytes.subarray(0, 4), magic);
	assert.ok(masked.bytes.includes('SIP/2.0 202 Accepted'));
	assert.ok(!masked.bytes.includes('301234567'));

	/* the page shows the answer of referd if the file is missing */
	await page.route('**/*.pcapng*', (route) => route.fulfill({
		status: 404, json: { error: 'no such transfer is kept' } }));
	await page.getByText('Export', { exact: true }).click();
	await page.getByRole('button', { name: 'Save as pcapng' }).click();
	await says(b, '.said.bad', /^no such transfer is kept$/);
	assert.deepEqual(b.errors, []);
});

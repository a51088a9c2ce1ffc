/**
 * @file page.test.js  The page in a real browser, over real transfers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { fill, labels, press, says, seen, text, watch } from './lib/page.js';
import { Far } from './lib/far.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';

const ANSWERED = { answer: 'SIP/2.0 202 Accepted', final: '200 OK' };
const BUSY = { answer: 'SIP/2.0 202 Accepted', final: '486 Busy Here' };
const HOSTILE = '<img src=x onerror="document.title=`hacked`">';


scene('a call is transferred by the form, and the ladder tells how',
	async (s) => {
	const { client, b, page } = await watch(s);
	const { far } = await s.call(client, 'transfer', ANSWERED);

	await page.locator('.call .item').click();
	await fill(b, 'Refer to', '+49 30 1234');
	await fill(b, 'Id', 'unique-id-123');
	await fill(b, 'Header name', 'X-Ticket');
	await fill(b, 'Header value', '17');
	await page.getByText('Hooks, timeouts, more').click();
	await fill(b, 'Event hook', '/event');
	const shown = JSON.parse(await text(b, '.preview .json'));
	await press(b, 'Transfer');

	await says(b, '.verdict', /^Transferred: the far end reported 200 OK/);
	await says(b, '.ladder', /BYE/);
	await says(b, '.ladder', /hook refer 202, 200/);
	await far.passed();
	assert.match(page.url(), /#\/transfers\/[\w-]+$/);

	const refer = await far.received('REFER');
	assert.equal(refer.headers['x-ticket'], '17');
	assert.ok(refer.headers['refer-to'].startsWith(
		`<sip:+49301234@${far.ip}`));
	assert.equal(shown.referTo, '+49 30 1234');
	assert.deepEqual(shown.headers, { 'X-Ticket': '17' });

	const rows = await labels(b);
	for (const row of ['application to referd: sip:refer +49 30 1234',
		`baresip to far end: REFER +49301234@${far.ip}`,
		'far end to baresip: 202 Accepted',
		'far end to baresip: NOTIFY 100 Trying',
		'far end to baresip: NOTIFY 180 Ringing',
		'far end to baresip: NOTIFY 200 OK',
		'referd to application: hook /event 180',
		'referd to application: hook refer 202, 200',
		'baresip to far end: BYE'])
		assert.equal(rows.filter((r) => r.startsWith(row)).length, 1,
			`${row} among\n${rows.join('\n')}`);

	await seen(b, '#calls-empty');
	assert.match(await text(b, '.transfer'), /200 OK/);
	await page.keyboard.press('c');
	await says(b, '#log', /transfer:status/);
});


scene('a refused and a failed transfer leave the call up, and say why',
	async (s) => {
	const { client, b, page } = await watch(s);
	const { sid } = await s.call(client, 'transfer', BUSY);
	const refused = await s.call(client, 'refuse',
		{ answer: 'SIP/2.0 603 Decline', more: 'X-Why: no' });

	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await says(b, '.verdict',
		/^Failed: the far end reported 486 Busy Here/);
	await says(b, '.verdict', /The call is still up/);

	client.send({ verb: 'sip:refer', referTo: '200',
		call_sid: refused.sid });
	await says(b, '.verdict', /the REFER with 603 Decline/);
	await seen(b, '.arrow.failure');
	assert.equal(await page.locator('.call').count(), 2);
	assert.equal(await page.locator('.transfer[data-state="failed"]')
		.count(), 2);
});


scene('what comes late is a row of its own, and the outcome stays',
	async (s) => {
	const { referd, client, b, page } = await watch(s);
	const node = await Node.connect(referd.socket, 'late');
	const call = node.call();

	await client.message('session:new', { call_sid: call.sid });
	client.send({ verb: 'sip:refer', referTo: 'bob', call_sid: call.sid,
		eventHook: '/event' });
	const transfer = await node.transfer(call);

	transfer.giveUp();
	await page.locator('.transfer a').first().click();
	await says(b, '.verdict', /^Unknown/);
	await says(b, '.after', /still up, but receives no media/);
	await says(b, '.facts', /Confidence\s+low: the target may still ring/);

	transfer.late(486, 'Busy Here');
	await says(b, '.facts', /Late\s+486 Busy Here/);
	await says(b, '.ladder', /NOTIFY 486 Busy Here/);
	await says(b, '.ladder', /hook \/event/);
	await says(b, '.verdict', /^Unknown/);

	await page.reload();
	await says(b, '.facts', /Late\s+486 Busy Here/);
	await says(b, '.ladder', /NOTIFY 486 Busy Here/);
	await says(b, '.verdict', /^Unknown/);
	node.disconnect();
});


scene('a row opens the whole message; two give the time between',
	async (s) => {
	const { client, b, page } = await watch(s);
	const { sid } = await s.call(client, 'transfer', BUSY);

	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await says(b, '.verdict', /486/);

	const row = (label) => page.locator('.row', { hasText: label });
	await row('202 Accepted').click();
	assert.equal(await text(b, '.sip .start'), 'SIP/2.0 202 Accepted');
	assert.match(await text(b, '.sip .facts'), /Call-ID\s+\S+@/);
	await page.getByText('As JSON', { exact: true }).click();
	const message = JSON.parse(await text(b, '.message .json'));
	assert.equal(message.data.step, 'accepted');
	await row('NOTIFY 486 Busy Here').click({ modifiers: ['Shift'] });
	assert.match(await text(b, '.sip'), /SIP\/2\.0 486 Busy Here/);
	assert.match(await text(b, '.between'),
		/^[\d.]+ m?s between “202 Accepted” and “NOTIFY 486/);
});


scene('a dry run shows the REFER, and sends nothing', async (s) => {
	const { client, b, page } = await watch(s);
	const { far } = await s.call(client, 'transfer', ANSWERED);

	await page.locator('.call .item').click();
	await fill(b, 'Refer to', 'tel:+4930123456');
	await page.getByText('Hooks, timeouts, more').click();
	await fill(b, 'First NOTIFY', '5');
	await press(b, 'Show the REFER');
	await says(b, '.dry .json', /^REFER sip:/);
	await says(b, '.dry .json', /Refer-To: <tel:\+4930123456>/);
	await says(b, '.doubt', /tel: URI/);
	assert.equal(await page.locator('.transfer').count(), 0);

	await press(b, 'Transfer');
	await says(b, '.ladder', /BYE/);
	assert.equal(far.requests('REFER').length, 1);
	assert.deepEqual((await labels(b)).filter((r) =>
		r.startsWith('application to referd: sip:refer')).length, 1);
});


scene('what is wrong is said where it was typed', async (s) => {
	const { client, b, page } = await watch(s);
	const { sid } = await s.call(client, 'transfer', ANSWERED);

	await page.locator('.call .item').click();
	await press(b, 'Transfer');
	await says(b, '.field.wrong .note', /Refer to is required/);
	await fill(b, 'Refer to', '100');
	await fill(b, 'Header name', 'X Y');
	await says(b, '.header.wrong .note', /X Y is not a header name/);

	/* The form shows errors that only referd or the far end can detect. */
	await fill(b, 'Header name', 'Via');
	await fill(b, 'Header value', 'x');
	await press(b, 'Transfer');
	await says(b, '.result[data-kind="bad"]', /Via must not be set: the SIP stack/);
	await page.evaluate(() => {
		location.hash = '#/console';
	});
	await page.locator('#send-text').fill(JSON.stringify({
		verb: 'sip:refer', referTo: '1\r\nX: y', call_sid: sid }));
	await press(b, 'Send');
	await says(b, '#log li[data-type="jambonz:error"]', /referTo/);
	await page.locator('#send-text').fill('{');
	await press(b, 'Send');
	await says(b, '#send-note', /not JSON/);
});


scene('what others are called is never markup', async (s) => {
	const { client, b, page } = await watch(s);
	const { sid } = await s.call(client, 'transfer', BUSY);

	client.send({ verb: 'sip:refer', id: HOSTILE, call_sid: sid,
		referTo: '100', eventHook: `/${HOSTILE}`,
		actionHook: `/${HOSTILE}` });
	await says(b, '.verdict', /486/);
	await says(b, '.facts', /<img/);
	for (const row of await page.locator('.ladder .row').all())
		await row.click();
	await page.keyboard.press('c');
	for (const line of await page.locator('.log .line').all())
		await line.click();

	assert.equal(await page.locator('img').count(), 0);
	assert.doesNotMatch(await page.title(), /hacked/);
	assert.deepEqual(b.errors, []);
});


scene('the page comes back after a restart without a gap or a double',
	async (s) => {
	const { referd, client, b, page } = await watch(s,
		{ referd: { listen: '127.0.0.1:8080' } });
	const { far, sid } = await s.call(client, 'ringing',
		{ final: '200 OK' });

	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await says(b, '.verdict', /^In progress: the target rings/);

	await referd.kill('SIGKILL');
	await says(b, '#link', /Disconnected/);
	await far.nudge();
	await far.passed();
	await referd.run();

	await says(b, '#link', /Live/);
	await says(b, '.verdict', /^Transferred: /);
	const rows = await labels(b);
	assert.equal(rows.filter((r) => /REFER/.test(r)).length, 1);
	assert.equal(rows.filter((r) => /NOTIFY 200/.test(r)).length, 1);

	/* A page that connects later has the same ladder from the backlog. */
	await page.reload();
	await says(b, '.verdict', /^Transferred: /);
	await says(b, '.ladder', /BYE/);
	assert.deepEqual((await labels(b)).filter((r) => /baresip/.test(r)),
		rows.filter((r) => /baresip/.test(r)));
}, { daemon: 'its calls end with it' });


scene('it can be worked by keyboard alone', async (s) => {
	const { client, b, page } = await watch(s);
	await s.call(client, 'transfer', ANSWERED);
	const keys = (...names) => names.reduce((before, key) =>
		before.then(() => page.keyboard.press(key)),
	Promise.resolve());

	await seen(b, '.call');
	while (!await page.locator('.call .item:focus').count())
		await keys('Tab');
	await keys('Enter');
	await seen(b, 'input:focus');
	await page.keyboard.type('100');
	await keys('Control+Enter');
	await says(b, '.verdict', /^Transferred/);
	await says(b, '.ladder', /BYE/);

	await page.locator('.ladder .row').first().focus();
	await keys('j', 'j', 'Enter');
	await seen(b, '.message:not([hidden]) .start');
	await keys('m', 'ArrowDown', 'Enter');
	await says(b, '.between', /between/);
	await keys('c');
	assert.match(page.url(), /#\/console$/);
	await keys('Escape', '?');
	await seen(b, '#keys[open]');
});


scene('it fits every width, in light and dark, and stays at home',
	async (s) => {
	const { referd, client, b, page } = await watch(s);
	const { sid } = await s.call(client, 'transfer', BUSY);

	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await says(b, '.verdict', /486/);
	const id = await page.locator('.transfer a').getAttribute('href');

	for (const width of [360, 768, 1440, 3840]) {
		await page.setViewportSize({ width, height: 800 });
		for (const hash of ['#/', id, `#/calls/${sid}`, '#/dial',
			'#/history', '#/overview', '#/console']) {
			await page.evaluate((h) => {
				location.hash = h;
			}, hash);
			await page.waitForTimeout(50);
			assert.equal(await page.evaluate(() =>
				document.documentElement.scrollWidth -
				innerWidth), 0, `${hash} at ${width}`);
		}
	}

	const colour = () => page.evaluate(() =>
		getComputedStyle(document.body).backgroundColor);
	const before = await colour();
	await page.locator('#theme').click();
	assert.notEqual(await colour(), before);
	await page.reload();
	await seen(b, '#link[data-state="live"]');
	assert.notEqual(await colour(), before);

	assert.deepEqual(b.requests.filter((url) =>
		!url.startsWith(referd.http)), []);
	assert.deepEqual(b.errors, []);
});


scene('dial makes a call, hang up ends it', async (s) => {
	const { b, page } = await watch(s);
	const agent = await s.agent();

	await page.keyboard.press('d');
	await fill(b, 'To', agent.uri);
	await press(b, 'Dial');
	await agent.event('CALL_ESTABLISHED');
	await says(b, '.page .chip', /in progress/);
	await press(b, 'Hang up');
	await agent.event('CALL_CLOSED');
	await says(b, '.page .hint', /The call has ended/);
});


scene('each field of the verb has its place, and comes to the wire',
	async (s) => {
	const { client, b, page } = await watch(s);
	const { far } = await s.call(client, 'transfer', BUSY);

	await page.locator('.call .item').click();
	await fill(b, 'Refer to', 'sip:bob@example.com');
	await fill(b, 'Referred by', 'sip:ann@example.com');
	await page.getByText('Hooks, timeouts, more').click();
	await fill(b, 'Display name', 'Ann');
	await fill(b, 'Target header name', 'X-Case');
	await fill(b, 'Target header value', '8');
	await fill(b, 'First NOTIFY', '0');
	await says(b, '.field.wrong .note', /First NOTIFY must be a number/);
	await fill(b, 'First NOTIFY', '9');
	await fill(b, 'Ringing', '60');
	await page.getByLabel('Force: the last target may still ring').check();
	const actionHook = { url: 'http://127.0.0.1:1/done', method: 'GET',
		username: 'u', password: 'p' };
	await fill(b, 'Action hook', JSON.stringify(actionHook));

	const { msgid, call_sid: sid, ...shown } = JSON.parse(
		await text(b, '.preview .json'));
	assert.deepEqual(shown, { verb: 'sip:refer',
		referTo: 'sip:bob@example.com',
		referredBy: 'sip:ann@example.com',
		referredByDisplayName: 'Ann', targetHeaders: { 'X-Case': '8' },
		timeouts: { notify: 9, ringing: 60 }, force: true, actionHook });
	assert.ok(msgid && sid);
	await press(b, 'Transfer');
	await says(b, '.verdict', /486 Busy Here/);

	const { headers } = await far.received('REFER');
	assert.equal(headers['refer-to'],
		'<sip:bob@example.com?X-Case=8>');
	assert.equal(headers['referred-by'], '"Ann" <sip:ann@example.com>');

	/* The form offers the last target again. */
	await page.evaluate(() => history.back());
	await seen(b, '#targets option[value="sip:bob@example.com"]',
		{ state: 'attached' });
});


scene('a call is answered, played to, and hung up', async (s) => {
	const { b, page } = await watch(s, { gateway: {
		account: ';answermode=manual' } });
	const far = await Far.start(s);
	const leg = await far.ring();

	await page.locator('.call .from').click();
	await says(b, '.page .chip', /ringing/);
	await press(b, 'Answer');
	await says(b, '.page .chip', /in progress/);
	assert.equal((await leg.response).status, 200);

	await page.getByText('Play a file').click();
	await press(b, 'Play');
	await says(b, '.field.wrong .note', /File is required/);
	await fill(b, 'File', 'none.wav');
	await fill(b, 'How often', 'twice');
	await says(b, '.field.wrong .note', /How often must be a number/);
	await fill(b, 'How often', 'forever');
	assert.match(await text(b, 'details[open] .preview .json'),
		/"verb": "play",\s+"url": "none\.wav",\s+"loop": "forever"/);
	await press(b, 'Play');
	await says(b, 'details[open] .result', /must be the name of a file below/);

	await press(b, 'Hang up');
	await leg.received('BYE');
	await says(b, '.page .hint', /The call has ended/);
});


scene('the ladder is a table to who hears it', async (s) => {
	const { client, b, page } = await watch(s);
	const { sid } = await s.call(client, 'transfer', BUSY);

	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await says(b, '.verdict', /486/);

	const grid = page.getByRole('grid',
		{ name: 'Messages of the transfer' });
	assert.deepEqual(await grid.getByRole('columnheader').allInnerTexts(),
		['Time', 'After', 'From', 'To', 'Message']);
	const row = grid.getByRole('row').filter({ hasText: 'NOTIFY 486' });
	assert.deepEqual((await row.getByRole('gridcell').allTextContents())
		.slice(2), ['far end', 'baresip',
		'NOTIFY 486 Busy Here (failure)']);
	assert.equal(await page.locator('.picture')
		.getAttribute('aria-hidden'), 'true');
});

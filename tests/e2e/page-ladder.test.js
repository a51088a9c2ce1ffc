/**
 * @file page-ladder.test.js  The ladder as drawn: no label overlaps a
 *                            lifeline or another label
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Browser } from './lib/browser.js';
import { crossings, labels, says, seen, watch } from './lib/page.js';
import { scene } from './lib/scene.js';
import { StandIn } from './lib/standin.js';

/* Of a phone, of a small window, of a desktop, of a wall display (zoomed). */
const WIDTHS = [360, 700, 1280, 2600];
const LONG = 'sip:agent.of.a.long.department.name@sbc1.berlin.example.com';
const MEMBER = 'gateway-in-frankfurt-1';


/** Looks at the ladder in windows of all widths, in light and dark. */
async function fits(b, name)
{
	for (const width of WIDTHS) {
		await b.page.setViewportSize({ width, height: 900 });
		await b.page.emulateMedia({ colorScheme: width % 200 ? 'light' :
			'dark' });
		/* two frames: one for the size, one for the drawing */
		await b.page.evaluate(() => new Promise((done) =>
			requestAnimationFrame(() => requestAnimationFrame(
				() => setTimeout(done)))));
		assert.deepEqual(await crossings(b.page), [],
			`${name} at ${width}`);
		assert.ok(await b.page.locator('.picture text').count() > 2);
	}
	assert.deepEqual(b.errors, []);
}


/** A page on a member of a fleet; the test sends the messages on call `c1`. */
async function open(s)
{
	const one = { member: MEMBER, reachable: true, view: true,
		version: '0.1.0', calls: 1, transfers: 0, nodes: 1, labels: [],
		seen: '' };
	const call = { call_sid: 'c1', member: MEMBER, node: 'gateway-a',
		from: '+49301234567890', to: '100', direction: 'inbound',
		call_status: 'in-progress', started: new Date().toISOString() };
	const referd = await StandIn.start(s, { state: 'up', lag: 0, epoch: 'E',
		member: MEMBER, members: [one] }, { nodes: [], calls: [call] });
	const b = await Browser.start(s);
	const tell = (type, data, more) => referd.event(MEMBER,
		{ type, call_sid: 'c1', data, ...more });
	const step = (attempt, data) => tell('transfer:status', {
		transfer_id: `t${attempt}`, verb_id: 'v1', attempt,
		attempts: 3, refer_to: LONG, ...data });

	await b.page.goto(referd.http);
	await seen(b, '#link[data-state="live"]');

	return { b, tell, step };
}


function show(b, id)
{
	return b.page.evaluate((hash) => {
		location.hash = hash;
	}, `#/transfers/${id}`);
}


scene('the labels of a blind transfer stand between the lifelines',
	async (s) => {
	const { client, b, page } = await watch(s);
	const { sid } = await s.call(client, 'transfer',
		{ answer: 'SIP/2.0 202 Accepted', final: '486 Busy Here' });

	client.send({ verb: 'sip:refer', referTo: LONG, call_sid: sid,
		actionHook: '/action/of/this/very/bot', eventHook: '/event' });
	await says(b, '.verdict', /486/);
	await says(b, '.ladder', /hook \/action/);
	await page.locator('.transfer .item').click();
	await fits(b, 'a blind transfer');

	/* the table and the tooltip show a truncated text in full */
	const label = `REFER ${LONG.slice(4)}`;
	assert.ok((await labels(b)).includes(`baresip to far end: ${label}`));
	assert.equal(await page.locator('.row', { hasText: 'REFER agent' })
		.getAttribute('title'), label);
	assert.match((await page.locator('.picture text').allTextContents())
		.join('\n'), /^REFER\s/m);
});


scene('the labels of a list stand between the lifelines, its headings alone',
	async (s) => {
	const { b, tell, step } = await open(s);

	tell('verb:status', { event: 'starting', verb: 'sip:refer', id: 'v1' });
	for (const attempt of [1, 2, 3]) {
		step(attempt, { step: 'requested' });
		step(attempt, { step: 'retry', refer_status: 491, reason:
			'Request Pending; sent again in 1.27 s' });
		step(attempt, { step: 'accepted', refer_status: 202,
			reason: 'Accepted' });
		step(attempt, { step: 'progress', refer_status: 202,
			call_status: 182, reason: 'Queued behind 17 others' });
	}
	step(1, { step: 'ended', refer_status: 202, call_status: 480,
		reason: 'Temporarily Unavailable', outcome: 'failed',
		evidence: 'notify' });
	step(2, { step: 'ended', refer_status: 202, call_status: 182,
		outcome: 'unknown', evidence: 'timer:ringing' });
	step(3, { step: 'ended', outcome: 'failed', evidence: 'transport',
		reason: 'Connection refused by the other end [111]' });
	tell('hook:status', { event: 'sent', attempt: 2, transfer_id: 't3',
		hook: 'https://bot.example.com/action' });
	tell('hook:status', { event: 'timeout', transfer_id: 't3',
		hook: 'https://bot.example.com/action' }, { time:
		new Date(Date.now() + 125_000).toISOString() });
	await show(b, 't1');
	await says(b, '.ladder', /no answer to hook/);
	await says(b, '.ladder', /not sent: Connection refused/);
	await fits(b, 'a list');
});


scene('the labels of a warm transfer stand between the lifelines',
	async (s) => {
	const { b, tell, step } = await open(s);
	const event = (transfer_event, more) => tell('transfer:event', {
		verb_id: 'v1', transfer_event, mode: 'warm', attempt: 1,
		attempts: 1, target: LONG, dial_call_sid: 'd1', ...more });
	const refer = (data) => step(1, { attempts: 1, ...data });

	tell('verb:status', { event: 'starting', verb: 'transfer', id: 'v1' });
	event('held');
	event('dialing');
	event('ringing', { call_status: 183 });
	event('answered', { call_status: 200 });
	event('prompt');
	event('confirmed');
	event('joining');
	refer({ step: 'requested' });
	refer({ step: 'accepted', refer_status: 202, reason: 'Accepted' });
	refer({ step: 'ended', refer_status: 202, call_status: 200,
		outcome: 'transferred', evidence: 'notify' });
	event('unheld');
	event('ended', { transfer_result: 'bridged', transfer_reason:
		'the target has taken the call' });
	await show(b, 't1');
	await says(b, '.ladder', /transfer, bridged/);
	await fits(b, 'a warm transfer');
});

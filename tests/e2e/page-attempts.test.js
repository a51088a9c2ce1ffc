/**
 * @file page-attempts.test.js  The page of verbs that try several targets, or
 *                              consult one first
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWav } from './lib/audio.js';
import { Browser } from './lib/browser.js';
import { Far } from './lib/far.js';
import { fill, labels, press, says, seen, watch } from './lib/page.js';
import { scene } from './lib/scene.js';
import { StandIn } from './lib/standin.js';
import { callOfTargets } from './lib/targets.js';
import { until } from './lib/until.js';

const HOSTILE = '<img src=x onerror="document.title=`hacked`">';
const MEMBER = { member: 'gw1', reachable: true, view: true, version: '0.1.0',
	calls: 1, transfers: 0, nodes: 1, labels: [], seen: '' };


/** A page on a referd that reports the test's messages on one call, `c1`. */
async function open(s, transfers = [])
{
	const fleet = { state: 'up', lag: 0, epoch: 'E', member: 'gw1',
		members: [MEMBER] };
	const call = { call_sid: 'c1', member: 'gw1', node: 'gw1', from:
		'+4930123456', to: '100', direction: 'inbound', call_status:
			'in-progress', started: new Date().toISOString() };
	const referd = await StandIn.start(s, fleet, { nodes: [], transfers,
		calls: [call] });
	const b = await Browser.start(s);
	const tell = (type, data, more) => referd.event('gw1',
		{ type, call_sid: 'c1', data, ...more });

	await b.page.goto(referd.http);
	await seen(b, '#link[data-state="live"]');

	return { referd, b, page: b.page, tell, step: (attempt, data) =>
		tell('transfer:status', { transfer_id: `t${attempt}`,
			verb_id: 'v1', attempt, attempts: 2,
			refer_to: `sip:${attempt}@x`, ...data }) };
}


/** The last message of the page, without its msgid. */
function heard(referd)
{
	return until(() => {
		const { msgid, ...msg } = referd.heard.pop() || {};

		return msgid && msg;
	});
}


function view(page, hash)
{
	return page.evaluate((h) => {
		location.hash = h;
	}, hash);
}


scene('attempts stand one below the other, and one gives them up',
	async (s) => {
	const { referd, b, page, tell, step } = await open(s, [
		{ transfer_id: 'old', call_sid: 'c0', refer_to: 'sip:b@x',
			attempt: 2, attempts: 3, outcome: 'failed',
			evidence: 'notify', call_status: 486,
			reason: 'Busy Here', member: 'gw1' }]);

	tell('verb:status', { event: 'starting', verb: 'sip:refer', id: 'v1' });
	step(1, { step: 'requested' });
	await view(page, '#/transfers/t1');
	step(1, { step: 'accepted', refer_status: 202, reason: 'Accepted' });
	step(1, { step: 'ended', refer_status: 202, call_status: 486,
		reason: 'Busy Here', outcome: 'failed', evidence: 'notify' });
	step(2, { step: 'requested' });
	step(2, { step: 'accepted', refer_status: 202, reason: 'Accepted' });
	step(2, { step: 'progress', refer_status: 202, call_status: 180,
		reason: 'Ringing' });

	/* the page of the first attempt names the current one */
	await says(b, '.verdict', /^In progress: the target rings/);
	await says(b, '.verdict', /This is attempt 2 of 2\./);
	await says(b, '.transfer .far', /attempt 1 of 2/);
	assert.deepEqual((await labels(b)).filter((l) => /Attempt/.test(l)), [
		': Attempt 1 of 2: 1@x, failed (486 Busy Here)',
		': Attempt 2 of 2: 2@x, in progress (180 Ringing)']);
	await page.locator('.row', { hasText: 'Attempt 1 of 2' }).click();
	await says(b, '.message', /Refer-To\s+sip:1@x/);

	await press(b, 'Cancel transfer');
	assert.deepEqual(await heard(referd), { type: 'command',
		command: 'transfer:cancel', callSid: 'c1' });
	step(2, { step: 'ended', refer_status: 202, call_status: 180,
		outcome: 'cancelled', evidence: 'application',
		confidence: 'low' });
	await says(b, '.verdict', /^Cancelled: .* may still answer/);
	await page.getByRole('button', { name: 'Cancel transfer' })
		.waitFor({ state: 'hidden' });
	step(2, { step: 'late', call_status: 200, reason: 'OK' });
	await says(b, '.verdict', /Later the far end reported 200 OK\./);

	await view(page, '#/history');
	await says(b, '.rows td.target', /^b@x · attempt 2 of 3$/);
	assert.deepEqual(b.errors, []);
});


scene('a warm transfer, its forms, and nobody’s name is markup', async (s) => {
	const { referd, b, page, tell } = await open(s);
	const event = (transfer_event, more) => tell('transfer:event', {
		verb_id: 'v1', transfer_event, mode: 'warm', attempt: 1,
		attempts: 1, target: HOSTILE, dial_call_sid: 'd1', ...more });

	await view(page, '#/calls/c1');
	await page.getByText('Transfer with a fallback').click();
	await page.getByRole('combobox', { name: 'Target' }).fill('sip:bob@x');
	await page.getByLabel('Mode', { exact: true }).selectOption('warm');
	await fill(b, 'Key', '1');
	await press(b, 'Run transfer');
	await says(b, '.field.wrong', /Prompt is required/);
	await fill(b, 'Prompt', 'press1.wav');
	await page.getByLabel('If busy').selectOption('voicemail');
	await page.locator('.wrong', { hasText: 'Voicemail is required' })
		.waitFor();
	await fill(b, 'Voicemail', 'sip:mail@x');
	await press(b, 'Run transfer');
	assert.deepEqual(await heard(referd), { verb: 'transfer', mode: 'warm',
		target: [{ type: 'sip', sipUri: 'sip:bob@x' }],
		callerPresent: false, confirm: { prompt: 'press1.wav',
			digit: '1' }, disposition: { onBusy: 'voicemail',
			voicemailUrl: 'sip:mail@x' }, call_sid: 'c1' });

	/* its page opens automatically */
	tell('verb:status', { event: 'starting', verb: 'transfer', id: 'v1' });
	event('held');
	event('dialing');
	tell('session:new', { call_sid: 'd1', parent_call_sid: 'c1',
		direction: 'outbound', to: HOSTILE, call_status: 'trying' },
	{ call_sid: 'd1' });
	event('ringing', { call_status: 180 });
	event('answered', { call_status: 200 });
	event('prompt');
	await says(b, '.verdict', /^In progress: the target hears the prompt/);
	await says(b, '.call .to', /second call of a transfer/);
	assert.deepEqual((await labels(b)).slice(-5).map((l) =>
		l.replace(HOSTILE, 'X')), [
		'baresip to far end: re-INVITE: hold',
		'baresip to target: INVITE X',
		'target to baresip: 180 Ringing',
		'target to baresip: 200 OK',
		'baresip to target: plays the prompt']);

	event('confirmed');
	event('joining');
	tell('transfer:status', { transfer_id: 't1', verb_id: 'v1', attempt: 1,
		attempts: 1, step: 'requested', refer_to: HOSTILE });
	tell('transfer:status', { transfer_id: 't1', verb_id: 'v1', attempt: 1,
		attempts: 1, step: 'ended', refer_to: HOSTILE, call_status: 200,
		refer_status: 202, outcome: 'transferred', evidence: 'notify' });
	event('ended', { transfer_result: 'bridged',
		transfer_reason: HOSTILE });
	await says(b, '.verdict', /^Transferred: .* ended as bridged/);
	await says(b, '.ladder', /joins the calls/);

	/* a list of targets; User-to-User */
	await view(page, '#/calls/c1');
	await fill(b, 'Refer to', '100');
	await page.locator('form', { hasText: 'Refer to' })
		.getByLabel('More targets', { exact: true }).fill('200\nsip:bob@x');
	await page.getByLabel('After an unknown outcome').selectOption('next');
	await page.getByText('Hooks, timeouts, more').click();
	await fill(b, 'User-to-User', '4869;purpose=x');
	await press(b, 'Transfer');
	assert.deepEqual(await heard(referd), { verb: 'sip:refer', referTo:
		['100', '200', 'sip:bob@x'], onUnknown: 'next',
	uui: { data: '4869', purpose: 'x' }, call_sid: 'c1' });
	await view(page, '#/calls/d1');
	await says(b, '.page', /Second call of a transfer: to the first/);
	await page.getByText('Transfer with a fallback')
		.waitFor({ state: 'hidden' });

	/* each verb and command has its example */
	await view(page, '#/console');
	const names = await page.locator('#send-example option')
		.allInnerTexts();
	for (const name of ['transfer, blind', 'transfer, warm', 'sip:request',
		'sip:refer, several targets', 'sip:decline that deflects',
		'command transfer:cancel'])
		assert.ok(names.includes(name), name);
	await page.locator('#send-example').selectOption(
		'command transfer:cancel');
	await page.getByRole('button', { name: 'Send' }).click();
	assert.equal(await page.locator('img').count(), 0);
	assert.doesNotMatch(await page.title(), /hacked/);

	await page.setViewportSize({ width: 360, height: 740 });
	for (const hash of ['#/calls/c1', '#/transfers/t1']) {
		await view(page, hash);
		assert.equal(await page.evaluate(() => document.body
			.scrollWidth <= innerWidth), true, hash);
	}
	assert.deepEqual(b.errors, []);
});


/** A target at an address of its own: busy, or one that presses 1. */
function target(s)
{
	return Far.start(s, { ip: '10.77.0.38', handlers: {
		INVITE: (leg, invite) => {
			if (invite.uri.startsWith('sip:busy@'))
				leg.answer(invite, 486, 'Busy Here');
			else
				leg.accept(invite);
		} } });
}


scene('a list and a transfer of the real thing, live and from the history',
	async (s) => {
	const profiles = join(s.dir, 'profiles');

	writeFileSync(profiles, '[demo]\nmatch-domain = 10.77.0.*\n' +
		'ringing-timeout = 60\n');
	const { client, b, page } = await watch(s, { gateway: {
		config: { sip_refer_profiles: profiles,
			audio_path: s.dir } } });
	const { sid } = await callOfTargets(s, client);
	const headings = async () => (await labels(b)).filter((l) =>
		/Attempt/.test(l)).map((l) => l.replace(/@[\d.]+/, ''));

	await page.locator('.call .item').click();
	await fill(b, 'Refer to', '486');
	await page.locator('form', { hasText: 'Refer to' })
		.getByLabel('More targets', { exact: true }).fill('180');
	await press(b, 'Show the REFER');
	await says(b, '.dry', /attempt 1.*Profile demo; line 3[^]*attempt 2/s);
	await press(b, 'Transfer');
	await says(b, '.verdict', /rings .*This is attempt 2 of 2/);
	await press(b, 'Cancel transfer');
	await says(b, '.verdict', /^Cancelled: .*The call is still up/);
	const told = [': Attempt 1 of 2: 486, failed (486 Busy Here)',
		': Attempt 2 of 2: 180, cancelled (the application gave it up)'];
	assert.deepEqual(await headings(), told);

	/* a page that connects later gets the same messages */
	const rows = await labels(b);
	await page.reload();
	await says(b, '.ladder', /Attempt 1 of 2/);
	assert.deepEqual((await labels(b)).filter((l) => /far end/.test(l)),
		rows.filter((l) => /far end/.test(l)));
	assert.deepEqual(await headings(), told);
	await page.locator('[data-tab="history"]').click();
	await says(b, '.rows td.target', /^486@10\.77\.0\.40 · attempt 1 of 2$/);

	const other = await callOfTargets(s, client, { ip: '10.77.0.39' });
	client.send({ verb: 'transfer', mode: 'blind', call_sid: other.sid,
		target: [{ type: 'phone', number: '603' },
			{ type: 'phone', number: '200' }] });
	await client.message('transfer:event', { transfer_event: 'ended',
		transfer_result: 'bridged' });
	await page.locator('[data-tab="live"]').click();
	await says(b, '.verdict', /^Transferred: .*ended as bridged/);

	/* the gateway calls one first, and plays the prompt */
	const far = await target(s);
	const third = await callOfTargets(s, client, { ip: '10.77.0.37' });
	const rowsBefore = await page.locator('#transfers .transfer')
		.count();

	writeWav(join(s.dir, 'press.wav'), 8000, 0.3);
	client.send({ verb: 'transfer', mode: 'warm', id: 'w',
		call_sid: third.sid,
		target: ['busy', '200'].map((user) => ({ type: 'sip',
			sipUri: `sip:${user}@${far.ip}` })),
		confirm: { prompt: 'press.wav', digit: '1' } });
	await client.message('transfer:event', { transfer_event: 'prompt' });
	await page.locator('#transfers .transfer').nth(rowsBefore).waitFor();
	await page.locator('#transfers .transfer').first().click();
	await says(b, '.verdict', /^In progress: the target hears the prompt/);
	await [...far.legs.values()].at(-1).request('INFO', { headers: {
		'Content-Type': 'application/dtmf-relay' },
	body: 'Signal=1\r\nDuration=160\r\n' });
	await says(b, '.verdict', /^Transferred: .*ended as bridged/);
	const seen = (await labels(b)).map((l) => l.replace(/@[\d.:]+/, ''));
	for (const row of ['baresip to far end: re-INVITE: hold',
		'baresip to target: INVITE busy',
		'target to baresip: 486 Busy Here (failure)',
		'baresip to target: INVITE 200', 'target to baresip: 200 OK',
		'baresip to target: plays the prompt',
		'target to baresip: confirmed', 'at baresip: joins the calls',
		'far end to baresip: NOTIFY 200 OK'])
		assert.equal(seen.filter((r) => r === row ||
			`at ${r}` === row).length, 1,
		`${row} among\n${seen.join('\n')}`);
	assert.deepEqual(b.errors, []);
});

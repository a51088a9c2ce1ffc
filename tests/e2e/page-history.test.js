/**
 * @file page-history.test.js  The page's history: search, pages, links, export
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Browser } from './lib/browser.js';
import { Node } from './lib/node.js';
import { keys, save, says, seen, stands, text, watch } from './lib/page.js';
import { scene } from './lib/scene.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const START = Date.parse('2025-01-31T10:00:00Z');
const BUSY = { refer_status: 202, call_status: 486, reason: 'Busy Here',
	outcome: 'failed', evidence: 'notify' };
const OK = { refer_status: 202, call_status: 200, reason: 'OK',
	outcome: 'transferred', evidence: 'notify' };
const HOSTILE = '<img src=x onerror="document.title=`hacked`">';


/** A referd with a node of the test, and a call of that node. */
async function past(s, name = 'gw1')
{
	const referd = await s.referd();
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket, name);
	const call = node.call({ started: START });

	s.join({ process: { name, alive: false, log: node.requests,
		kill: async () => node.disconnect() } });

	return { referd, client, node, call };
}


/** A transfer from its start to its end, at any time. */
function transfer({ node, call }, id, time, to, end)
{
	const step = (name, fields) => node.report({ type: 'transfer',
		call_sid: call.sid, transfer_id: id, ref: 'none', step: name,
		refer_to: to, referred_by: 'sip:ann@example.com', ...fields });

	step('requested', { time });
	step('accepted', { time: time + 50, refer_status: 202,
		reason: 'Accepted' });
	if (end)
		step('ended', { time: time + 1000, ...end });
}


async function open(s, referd, hash = '#/history', options = {})
{
	const b = await Browser.start(s, options);

	await b.page.goto(`${referd.http}/${hash}`);
	await seen(b, '#link[data-state="live"]');

	return { b, page: b.page };
}


function targets(page)
{
	return page.locator('.rows td.target').allInnerTexts();
}


scene('10,000 rows: those in view are drawn, by keyboard one gets to the last',
	async (s) => {
	const p = await past(s);
	const all = 10_000;

	for (let i = 0; i < all; i++) {
		transfer(p, `t-${i}`, START + i * 1000,
			`sip:${i}@example.com`, i % 3 ? OK : BUSY);

		/* the client must keep up on any machine */
		if (i % 250 === 249)
			await p.client.message('transfer:status',
				{ transfer_id: `t-${i}`, step: 'ended' },
				{ from: Math.max(p.client.now - 1000, 0) });
	}

	const { b, page } = await open(s, p.referd);
	await says(b, '.rows td.target', /^9999@example\.com$/);
	assert.ok(await page.locator('.rows tbody tr').count() < 100);
	const worst = await stands(page);

	await page.locator('.rows a[tabindex="0"]').focus();
	for (let i = 0; i < 2 * all / 200 &&
		!(await targets(page)).includes('0@example.com'); i++) {
		const n = Number(await page.locator('.rows tr:focus-within')
			.getAttribute('aria-rowindex').catch(() => 0));

		await keys(page, 'End');
		await page.waitForFunction((before) => document.querySelector(
			'.rows tr:focus-within')?.ariaRowIndex > before ||
			document.querySelector('.rows table').ariaRowCount > 0,
		n);
	}
	await says(b, '.rows tr:focus-within td.target', /^0@example\.com$/);
	await says(b, '#history-count', /^10,000$/);
	assert.equal(await page.locator('.rows table')
		.getAttribute('aria-rowcount'), '10001');
	assert.ok(await page.locator('.rows tbody tr').count() < 100);

	await keys(page, 'ArrowUp', 'k', 'PageUp', 'Home');
	await says(b, '.rows tr:focus-within td.target', /^9999@example/);
	await page.locator('#history-rows').evaluate((el) => {
		el.scrollTop = el.scrollHeight / 2;
	});
	await says(b, '.rows td.target', /^50\d\d@example\.com$/);
	assert.ok(await worst() < 2000, 'the page stood still');
	assert.deepEqual(b.errors, []);
});


scene('search and filters find, stand in the address, and Back finds them',
	async (s) => {
	const p = await past(s);
	const other = await Node.connect(p.referd.socket, 'gw2');

	transfer(p, 'a', START, 'sip:alice@example.com', OK);
	transfer(p, 'b', START + 1000, 'sip:bob@example.com', BUSY);
	transfer(p, 'c', START + 2000, 'sip:carol@example.com',
		{ ...BUSY, call_status: undefined, refer_status: 603,
			reason: 'Decline', evidence: 'response' });
	transfer({ node: other, call: other.call({ started: START }) },
		'd', START + 3000,
		`sip:${encodeURIComponent(HOSTILE)}@example.com`, BUSY);
	await p.client.message('transfer:status',
		{ transfer_id: 'd', step: 'ended' });
	await p.client.message('transfer:status',
		{ transfer_id: 'c', step: 'ended' });
	const { b, page } = await open(s, p.referd);

	await says(b, '#history-count', /^4$/);
	const filter = async (name, value, count) => {
		await page.getByRole('button', { name: 'Clear' }).click();
		await says(b, '#history-count', /^4$/);
		const el = page.locator(`#history-filters [name=${name}]`);
		if (await el.evaluate((e) => e.localName === 'select'))
			await el.selectOption(value);
		else
			await el.fill(value);
		await says(b, '#history-count',
			new RegExp(count ? `^${count}$` : '^$'));
		assert.ok(page.url().includes(`${name}=`));
	};
	await filter('code', '4xx', 2);
	await filter('code', '603', 1);
	await filter('target', 'ALICE', 1);
	await filter('node', 'gw2', 1);
	await filter('q', 'dora', 0);
	await says(b, '#history-said', /^No transfer matches/);
	await filter('q', 'bob', 1);
	await filter('outcome', 'failed', 3);
	await page.locator('[name=code]').fill('x');
	await says(b, '#history-said', /^code must /);
	await page.locator('[name=code]').fill('486');
	await says(b, '#history-count', /^2$/);

	await page.locator('.rows a[tabindex="0"]').focus();
	await keys(page, 'j', 'Enter');
	await says(b, '.verdict', /^Failed: the far end reported 486 Busy/);
	await says(b, 'h2', /→ bob$/);
	await seen(b, '.ladder .row:focus');
	await page.goBack();
	await says(b, '#history-count', /^2$/);
	await says(b, '.rows tr:focus-within', /bob@example/);
	assert.equal(await page.locator('[name=code]').inputValue(), '486');
	await page.reload();
	await says(b, '#history-count', /^2$/);
	await keys(page, 'Escape');
	assert.equal(await page.locator('img').count(), 0);
	assert.deepEqual(b.errors, []);
	other.disconnect();
});


scene('nobody’s name is markup, in any view', async (s) => {
	const p = await past(s, HOSTILE);

	p.call = p.node.call({ from: `sip:${HOSTILE}@x`, to: HOSTILE,
		caller_name: HOSTILE, headers: { [HOSTILE]: HOSTILE } });
	transfer(p, 'a', Date.now(), HOSTILE, { ...BUSY, reason: HOSTILE,
		sip: { start: HOSTILE, headers: { [HOSTILE]: HOSTILE },
			body: [HOSTILE] } });
	await p.client.message('transfer:status', { step: 'ended' });

	const { b, page } = await open(s, p.referd);
	await says(b, '.rows', /<img/);
	for (const hash of ['#/overview', '#/console', '#/',
		`#/calls/${p.call.sid}`, '#/transfers/a']) {
		await page.evaluate((h) => {
			location.hash = h;
		}, hash);
		await says(b, 'main', /<img/);
	}
	for (const row of await page.locator('.row').all())
		await row.click();
	await says(b, '.message .sip', /<img/);
	assert.equal(await page.locator('img').count(), 0);
	assert.doesNotMatch(await page.title(), /hacked/);
	assert.deepEqual(b.errors, []);
});


scene('what happens now flows into the history', async (s) => {
	const p = await past(s);

	transfer(p, 'a', Date.now() - 5000, 'sip:alice@example.com', OK);
	const { b, page } = await open(s, p.referd);

	await says(b, '#history-count', /^1$/);
	transfer(p, 'b', Date.now(), 'sip:bob@example.com');
	await says(b, '.rows td.target', /^bob@/);
	await says(b, '.rows .outcome', /In progress/);
	assert.deepEqual(await targets(page), ['bob@example.com',
		'alice@example.com']);
	p.node.report({ type: 'transfer', call_sid: p.call.sid,
		transfer_id: 'b', ref: 'none', step: 'ended', ...BUSY });
	await says(b, '.rows tr', /Failed.*bob.*486 Busy Here/s);
});


scene('a link shows the ladder of last week, or says that it is not kept',
	async (s) => {
	const p = await past(s);
	const { b, page } = await open(s, p.referd);

	/* More than the page requests by itself at its start. */
	transfer(p, 'old', START, 'sip:bob@example.com', BUSY);
	for (let i = 0; i < 500; i++)
		transfer(p, `t-${i}`, START + 5000 + i, 'sip:x@x', OK);
	await p.client.message('transfer:status',
		{ transfer_id: 't-499', step: 'ended' });

	await page.goto('about:blank');
	await page.goto(`${p.referd.http}/#/transfers/old`);
	await says(b, '.verdict', /^Failed: the far end reported 486 Busy Here/);
	await says(b, '.row', /REFER bob@example\.com/);
	assert.equal(await page.locator('.row').count(), 3);
	await says(b, '.facts', /Far end\s*\+4930123456/);

	await page.goto(`${p.referd.http}/#/transfers/nobody`);
	await says(b, '.nothing', /^referd has no such transfer\./);
	await page.goBack();
	await says(b, '.verdict', /486/);
});


scene('a transfer is exported for a ticket and as JSON, masked on demand',
	async (s) => {
	const { referd, client, b, page } = await watch(s);
	const { sid } = await s.call(client, 'transfer',
		{ answer: 'SIP/2.0 202 Accepted', final: '486 Busy Here' });

	client.send({ verb: 'sip:refer', call_sid: sid, id: 'order-1',
		referTo: '+49 30 1234567', headers: { 'X-Ticket': '17' },
		traceparent: TRACE });
	const { data } = await client.message('transfer:status',
		{ step: 'ended' });
	await says(b, '.verdict', /486/);
	await client.message('hook:status', { event: 'answered' });
	await says(b, '.row', /ack refer/);
	await says(b, '.facts', new RegExp(`Trace\\s+${TRACE}`));

	const ticket = await save(page, 'Save as text');
	assert.equal(ticket.name, `transfer-${data.transfer_id}.txt`);
	for (const expected of [
		/^Failed: the far end reported 486 Busy Here .*\.$/m,
		/^Evidence: notify$/m, new RegExp(`^Trace: ${TRACE}$`, 'm'),
		/^Call-ID: \S+@10\.77/m,
		/^Began: \d{4}-\d\d-\d\dT[\d:.]+Z$/m, /^time \(UTC\) /m,
		/^[\d:.]{12} .*\|-+>\|.* {2}REFER \+49301234567@/m,
		/^[\d:.]{12} .*\|<[- ]+\| .* {2}202 Accepted$/m,
		/^[\d:.]{12} .*\|X-+\| .* {2}NOTIFY 486 Busy Here$/m,
		/^REFER sip:\S+ SIP\/2\.0$/m, /^X-Ticket: 17$/m,
		/^Refer-To: <sip:\+49301234567@/m,
		/^NOTIFY [^]*^SIP\/2\.0 486 Busy Here$/m])
		assert.match(ticket.text, expected);

	const json = JSON.parse((await save(page, 'Save as JSON')).text);
	assert.equal(json.transfer.outcome, 'failed');
	assert.equal(json.transfer.transfer_id, data.transfer_id);
	assert.ok(json.messages.some((m) => m.data?.step === 'accepted'));
	assert.deepEqual(json, await (await fetch(`${referd.http}/transfers/${
		data.transfer_id}`)).json());

	await page.locator('#mask').click();
	await says(b, '.row', /REFER \+••••••••567@/);
	for (const name of ['Save as text', 'Save as JSON']) {
		const masked = (await save(page, name)).text;

		assert.doesNotMatch(masked, /301234567/);
		assert.match(masked, /••••••••567/);
		assert.match(masked, /order-1/);
	}
	await page.locator('.row', { hasText: 'REFER +' }).click();
	for (const hash of ['#/history', `#/calls/${sid}`, '#/console',
		`#/transfers/${data.transfer_id}`]) {
		await page.evaluate((h) => {
			location.hash = h;
		}, hash);
		await says(b, 'main', /•••567/);
		assert.doesNotMatch(await page.locator('body').innerHTML(),
			/301234567|30 1234567/);
	}
	await keys(page, 'n');
	await says(b, '.row', /REFER \+49301234567@/);
	assert.match(await text(b, 'h2'), /./);
});

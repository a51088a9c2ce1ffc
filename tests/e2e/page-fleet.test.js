/**
 * @file page-fleet.test.js  The page of a fleet: all machines in one view
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Browser } from './lib/browser.js';
import { Cluster, NO_FLEET } from './lib/nats.js';
import { Node } from './lib/node.js';
import { fill, keys, labels, press, says, seen, stands, text }
	from './lib/page.js';
import { scene } from './lib/scene.js';
import { StandIn } from './lib/standin.js';

const HOSTILE = '<img src=x onerror="document.title=`hacked`">';


/** The view of one member on three. */
function threeMembers(third = 'gw3')
{
	const one = (member, more) => ({ member, reachable: true, view: true,
		version: '0.1.0', calls: 1, transfers: 0, nodes: 1,
		labels: [], seen: new Date().toISOString(), ...more });

	return { state: 'up', lag: 0, epoch: 'E', member: 'gw1', members: [
		one('gw1'), one('gw2', { labels: ['berlin'], view: false }),
		one(third)] };
}


function callOf(member, sid, more)
{
	return { call_sid: sid, member, node: `${member}-a`, direction: 'inbound',
		from: `+4930${sid}`, to: '100', call_status: 'in-progress',
		started: new Date().toISOString(), ...more };
}


async function open(s, fleet, hello)
{
	const referd = await StandIn.start(s, fleet, hello);
	const b = await Browser.start(s);

	await b.page.goto(referd.http);
	await seen(b, '#link[data-state="live"]');

	return { referd, b, page: b.page };
}


/** Servers of NATS, and referds that they join: `members` by their names. */
async function fleet(s, members)
{
	const cluster = await Cluster.join(s);
	const list = [];

	for (const [name, more] of Object.entries(members))
		list.push(await s.referd({ args: ['--fleet', cluster.urls(),
			'--fleet-node', name, '--fleet-view', 'yes',
			...more] }));

	return { cluster, list };
}


async function look(s, referd, hash = '')
{
	const b = await Browser.start(s);

	await b.page.goto(`${referd.http}/${hash}`);
	await seen(b, '#link[data-state="live"]');

	return { b, page: b.page };
}


/** A stand-in for baresip at a referd; it ends with the scene. */
async function nodeAt(s, referd, name)
{
	const node = await Node.connect(referd.socket, name);

	s.join({ process: { name, alive: false, log: node.requests,
		kill: async () => node.disconnect() } });

	return node;
}


function goes(page, hash)
{
	return page.evaluate((h) => {
		location.hash = h;
	}, hash);
}


scene('all machines stand in one list, and a call of each is transferred',
	async (s) => {
	const { list: [one, two] } = await fleet(s, { gw1: [], gw2: [] });
	const client = await s.client(two);

	await s.gateway(two);
	(await nodeAt(s, one, 'other')).call({ from: 'sip:+4940999@10.0.0.9' });
	await client.message('node:status', { connected: true });
	const { far, sid } = await s.call(client, 'transfer',
		{ answer: 'SIP/2.0 202 Accepted', final: '200 OK' });

	const { b, page } = await look(s, one);
	await says(b, '#fleet-state', /^Fleet of 2$/);
	await says(b, '.call .to', / · gw1$/);
	await says(b, '.call .to', / · gw2$/);

	/* One machine, by keyboard; the other's call is hidden, not ended. */
	await keys(page, 'f');
	await seen(b, '#scope:focus');
	await page.keyboard.type('gw2');
	await says(b, '#calls-count', /^1$/);
	assert.match(await text(b, '.call .to'), / · gw2$/);

	await page.locator('.call .item').click();
	await says(b, '.about', /Machine\s+gw2\s+Gateway\s+gw/);
	await fill(b, 'Refer to', '+49 30 1234');
	await press(b, 'Transfer');
	await says(b, '.verdict', /^Transferred: the far end reported 200 OK/);
	await says(b, '.ladder', /BYE/);
	await says(b, '.ladder', /hook refer 202, 200/);
	await far.passed();
	await far.received('REFER');
	for (const row of ['application to referd: sip:refer +49 30 1234',
		`baresip to far end: REFER +49301234@${far.ip}`,
		'far end to baresip: NOTIFY 180 Ringing',
		'far end to baresip: NOTIFY 200 OK', 'baresip to far end: BYE'])
		assert.equal((await labels(b)).filter((r) => r.startsWith(row)).length,
			1, `${row} among\n${(await labels(b)).join('\n')}`);
	await says(b, '.facts', /Machine\s+gw2/);
	const id = page.url().split('/').at(-1);

	/* The address of the history contains the choice, and keeps it. */
	await keys(page, 'h');
	await says(b, '.rows td.machine', /^gw2$/);
	assert.match(page.url(), /#\/history\?member=gw2$/);
	await page.reload();
	await says(b, '#history-count', /^1$/);
	await page.locator('#scope').selectOption('only:gw1');
	await says(b, '#history-said', /^No transfer matches/);
	await page.goBack();
	await goes(page, '#/overview');
	await says(b, '#tiles', /Transfers\s*0/);
	await page.locator('#scope').selectOption('fleet');
	await says(b, '#tiles', /Transfers\s*1/);
	await says(b, '#node-rows', /gw\s+gw2\s+connected/);
	await says(b, '#node-rows', /other\s+gw1\s+connected/);

	/* The same at the other, without the rows of the first. */
	const there = await look(s, two, `#/transfers/${id}`);
	await says(there.b, '.verdict', /^Transferred/);
	await says(there.b, '.call .to', / · gw1$/);
	await there.page.locator('#scope').selectOption('local');
	await seen(there.b, '#calls-empty');
	await says(there.b, '.verdict', /^Transferred/);
	await there.page.locator('#scope').selectOption('fleet');
	await says(there.b, '.call .to', / · gw1$/);
	assert.ok(sid);
	assert.deepEqual([...b.errors, ...there.b.errors], []);
}, { skip: NO_FLEET, daemon: 'a fleet is of several' });


scene('a label dials on another machine, and the page hangs up there',
	async (s) => {
	const { list: [one, two] } = await fleet(s, { gw1: [],
		gw2: ['--fleet-label', 'berlin,x'] });
	const agent = await s.agent();

	await s.gateway(two);
	await nodeAt(s, one, 'other');
	await two.knows(1);
	const { b, page } = await look(s, one);
	await keys(page, 'd');
	await fill(b, 'To', agent.uri);
	await seen(b, '#place option[value="label:berlin"]',
		{ state: 'attached' });
	await page.locator('#place').selectOption('label:berlin');
	assert.match(await text(b, '.preview .json'), /"label": "berlin"/);
	await press(b, 'Dial');
	await agent.event('CALL_ESTABLISHED');
	await says(b, '.page .chip', /in progress/);
	await says(b, '.about', /Machine\s+gw2/);
	await press(b, 'Hang up');
	await agent.event('CALL_CLOSED');
	await says(b, '.page .hint', /The call has ended/);
	assert.deepEqual(b.errors, []);
}, { skip: NO_FLEET, daemon: 'a fleet is of several' });


scene('a machine that dies, and an engine that stops, are told as they are',
	async (s) => {
	const { cluster, list: [one, two] } = await fleet(s, {
		gw1: ['--fleet-dead', '6'], gw2: ['--fleet-dead', '6'] });
	const far = await nodeAt(s, two, 'far');
	const near = await nodeAt(s, one, 'near');

	far.call({ from: 'sip:+4930222@10.0.0.9' });
	const { b, page } = await look(s, one);
	await says(b, '.call .to', / · gw2$/);
	await says(b, '#fleet-state', /^Fleet of 2$/);

	/* Without an engine this machine continues, and loses nothing. */
	await cluster.servers[0].kill();
	await says(b, '#fleet-state', /^Fleet down$/);
	near.call({ from: 'sip:+4930111@10.0.0.9' });
	await page.locator('#fleet-state').click();
	await says(b, '#fleet-said', /^NATS is down/);
	await cluster.servers[0].start();
	await says(b, '#fleet-said', /^NATS is up\.$/);
	await says(b, '#fleet-rows', /gw2.*reachable/);
	await goes(page, '#/');
	await says(b, '.call .from', /^\+4930111$/);
	await says(b, '#calls-count', /^2$/);

	/* Its call stays until a member reports its end. */
	await two.kill('SIGKILL');
	far.disconnect();
	await says(b, '#fleet-state', /^gw2 not reachable$/);
	await says(b, '.call .to', /gw2 \(not reachable\)$/);
	await page.locator('.call', { hasText: 'gw2' }).locator('.item')
		.click();
	await says(b, '.page .hint', /^gw2 does not answer/);
	await says(b, '.page .hint',
		/ended \(the member gw2 is lost\)\. The state of its far/);
	await says(b, '#calls-count', /^1$/);
	await keys(page, 'o');
	await says(b, '#fleet-news', /gw2 is lost, with 1 call and 0 running/);
	await keys(page, 'c');
	await says(b, '#log', /node:lost/);

	await two.run();
	await says(b, '#fleet-state', /^Fleet of 2$/);
	assert.deepEqual(b.errors, []);
}, { skip: NO_FLEET, daemon: 'a fleet is of several' });


scene('a member without a view shows its own, and how the fleet does',
	async (s) => {
	const { list: [one, two] } = await fleet(s, { gw1: [],
		gw2: ['--fleet-view', 'no'] });

	(await nodeAt(s, one, 'near')).call();
	(await nodeAt(s, two, 'far')).call({ from: 'sip:+4930222@10.0.0.9' });
	const { b, page } = await look(s, two);

	await says(b, '#fleet-state', /^Fleet of 2$/);
	await says(b, '#calls-count', /^1$/);
	await says(b, '.call .from', /^\+4930222$/);
	assert.equal(await page.locator('#scope').isVisible(), false);
	await keys(page, 'o');
	await says(b, '#fleet-said', /has no view of the others/);
	await says(b, '#fleet-rows', /gw1.*yes/);
	await says(b, '#fleet-rows', /gw2 \(this one\).*no/);
	assert.deepEqual(b.errors, []);
}, { skip: NO_FLEET, daemon: 'a fleet is of several' });


scene('what machines, labels and gateways are called is never markup',
	async (s) => {
	const fleet = threeMembers(HOSTILE);

	fleet.members[2].labels = [HOSTILE, 'x'];
	const transfer = { transfer_id: 't', call_sid: '1', member: HOSTILE,
		node: HOSTILE, refer_to: 'sip:bob@x', step: 'ended',
		outcome: 'unknown', evidence: 'node',
		reason: `the member ${HOSTILE} is lost` };
	const { referd, b, page } = await open(s, fleet, {
		calls: [callOf(HOSTILE, '1', { node: HOSTILE })],
		nodes: [{ node: HOSTILE, member: HOSTILE, connected: true }],
		transfers: [transfer] });

	referd.event(HOSTILE, { type: 'node:lost', data: { member: HOSTILE,
		boot: 'b', by: HOSTILE, calls: HOSTILE, transfers: 0 } });
	referd.event(HOSTILE, { type: 'fleet:gap',
		data: { from: 1, to: HOSTILE, count: HOSTILE } });
	referd.status({ state: 'down', reason: HOSTILE });
	for (const hash of ['#/overview', '#/history', '#/console',
		'#/calls/1', '#/transfers/t', '#/dial', '#/']) {
		await page.evaluate((h) => {
			location.hash = h;
		}, hash);
		await says(b, 'main', /<img/);
	}
	await page.locator('#scope').selectOption(`only:${HOSTILE}`);
	await page.evaluate(() => {
		location.hash = '#/history';
	});
	await says(b, '.rows td.machine', /<img/);
	assert.equal(await page.locator('img').count(), 0);
	assert.doesNotMatch(await page.title(), /hacked/);
	assert.deepEqual(b.errors, []);
});


scene('10,000 calls on many machines: one finds a call, and nothing stands',
	async (s) => {
	const calls = Array.from({ length: 10_000 }, (_, i) =>
		callOf(`gw${i % 3 + 1}`, String(i).padStart(5, '0')));
	const { referd, b, page } = await open(s, threeMembers(),
		{ calls, nodes: [], transfers: [] });

	await says(b, '#calls-count', /^10000$/);
	await says(b, '#calls-more', /^9,800 more/);
	assert.equal(await page.locator('.call').count(), 200);
	const worst = await stands(page);

	for (let i = 0; i < 5000; i++) {
		const sid = `n${i}`;
		referd.event('gw2', { type: 'session:new', call_sid: sid,
			data: callOf(undefined, sid) });
		if (i % 2)
			referd.event('gw2', { type: 'call:status',
				call_sid: sid,
				data: { call_status: 'completed' } });
	}
	await says(b, '#calls-count', /^12500$/);

	await page.locator('#calls-filter').fill('+493007777');
	await says(b, '#calls-count', /^1$/);
	await says(b, '.call .to', /100 · gw2/);
	await page.locator('#calls-filter').fill('nobody');
	await says(b, '#calls-more', /^No call matches/);
	await page.locator('#calls-filter').fill('');
	await page.locator('#scope').selectOption('only:gw1');
	await says(b, '#calls-count', /^3334$/);
	assert.ok(await worst() < 1000,
		`the page stood still for ${await worst()} ms`);
	assert.deepEqual(b.errors, []);
});


scene('a fleet fits every width, and a gap in it is told',
	async (s) => {
	const { referd, b, page } = await open(s, threeMembers(), {
		calls: [callOf('gw1', '1'), callOf('gw2', '2')], nodes: [
			{ node: 'gw2-a', member: 'gw2', connected: true }],
		transfers: [] });

	referd.status({ state: 'behind', lag: 1200, members:
		threeMembers().members.map((m) => ({ ...m,
			reachable: m.member !== 'gw2' })) });
	referd.event('gw2', { type: 'fleet:gap',
		data: { from: 5, to: 124, count: 120 } });
	for (const width of [360, 600, 768, 899, 900, 1280, 3840]) {
		await page.setViewportSize({ width, height: 800 });
		for (const hash of ['#/', '#/calls/2', '#/dial', '#/history',
			'#/overview', '#/console']) {
			await goes(page, hash);
			await page.waitForTimeout(50);
			assert.equal(await page.evaluate(() =>
				document.documentElement.scrollWidth -
				innerWidth), 0, `${hash} at ${width}`);
		}
	}

	await goes(page, '#/overview');
	await says(b, '#fleet-said', /^This machine has 1200 messages of the fleet/);
	await says(b, '#fleet-news', /120 messages of gw2 \(5 to 124 there\)/);
	await says(b, '#fleet-state', /^gw2 not reachable$/);
	await says(b, '#tiles', /Machines\s*2 of 3/);
	assert.deepEqual(b.errors, []);
});

/**
 * @file pictures.test.js  Makes the pictures of the documents
 *
 * With PICTURES=DIR it leaves them there. Times and ids differ each time.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { behaviours, Transfer } from '../../scripts/demo/behaviours.js';
import { writeWav } from './lib/audio.js';
import { Browser } from './lib/browser.js';
import { Far } from './lib/far.js';
import { Cluster, NO_FLEET } from './lib/nats.js';
import { crossings, says, seen } from './lib/page.js';
import { shrink } from './lib/png.js';
import { GATEWAY, scene } from './lib/scene.js';

const LIMIT = 150_000; /* bytes of a picture */
const WIDTH = 1140;
const RINGS = 1_800; /* ms */

/* Numbers that Germany's regulator keeps free for films */
const BLIND = '+493023125017';
const WARM = '+496990009064';


/* The target rings before it is busy. */
async function busy(t)
{
	t.accept();
	await t.notify('SIP/2.0 100 Trying');
	await t.notify('SIP/2.0 180 Ringing');
	await sleep(RINGS);
	await t.end('SIP/2.0 486 Busy Here');
}


/* The target is in a call already, which the caller takes over. */
async function joined(t)
{
	t.accept();
	await t.notify('SIP/2.0 100 Trying');
	await t.end('SIP/2.0 200 OK');
}


/* Other callers, the targets of their transfers, and how those end */
const OTHERS = [
	['+496990009081', 'billing', behaviours['refer-sub']],
	['+498999998042', 'ivr', behaviours['no-notify']],
	['+493023125160', 'support', behaviours.answered],
	['+494066969031', 'reception', behaviours.declined],
	['+492214710055', 'sales', busy],
];


/** The page of a referd. */
async function look(s, { http })
{
	const b = await Browser.start(s, { width: WIDTH, timezoneId: 'UTC',
		deviceScaleFactor: 2 });

	await b.page.goto(http);
	await seen(b, '#link[data-state="live"]');

	return { b, page: b.page };
}


/** Makes a picture of the window, with this height. */
async function keep(s, { page, errors }, name, height, colorScheme = 'light')
{
	await page.setViewportSize({ width: WIDTH, height });
	await page.emulateMedia({ colorScheme });
	await page.mouse.move(0, 0);
	if (await page.locator('.picture').count())
		assert.deepEqual(await crossings(page), []);

	const png = shrink(await page.screenshot({ animations: 'disabled' }));

	writeFileSync(join(process.env.PICTURES ?? s.dir, `${name}.png`), png);
	assert.ok(png.length < LIMIT, `${name} has ${png.length} bytes`);
	assert.deepEqual(errors, []);
}


/** A call from a number that the gateway has answered. */
async function talking(client, number)
{
	const { call_sid } = await client.messages.wait(({ type, data }) =>
		type === 'call:status' && data.from === number &&
		data.call_status === 'in-progress', `call of ${number}`);

	return call_sid;
}


/**
 * A call of a far end
 *
 * @param behave What it does with a REFER
 * @param to     Address of the gateway that it calls
 */
async function calls(s, client, number, ip, behave, to = GATEWAY)
{
	const far = await Far.start(s, { ip, uri: `sip:${number}@${ip}`,
		contact: `sip:${number}@${ip}`, to: [to, 5060], handlers: {
			REFER: (leg, refer) => behave(new Transfer(leg, refer)) } });
	const leg = await far.call();

	leg.talk((await leg.response).body);

	return talking(client, number);
}


/* Transfers of other callers, one after the other */
async function before(s, client)
{
	for (const [i, [number, name, behave]] of OTHERS.entries()) {
		const ip = `10.77.0.${21 + i}`;
		const call_sid = await calls(s, client, number, ip, behave);

		client.send({ verb: 'sip:refer', call_sid,
			referTo: `sip:${name}@${ip}`, actionHook: '/action',
			timeouts: { notify: 1 } });
		await client.message('verb:hook', { call_sid });
	}
}


/* A baresip calls, and another one is the target. */
async function blind(s, client)
{
	const agent = await s.agent({ account: '' });
	const carrier = await s.carrier({ name: BLIND });

	await carrier.dial(`sip:gw@${GATEWAY}`);
	const call_sid = await talking(client, BLIND);

	client.send({ verb: 'sip:refer', call_sid, referTo: agent.uri,
		actionHook: '/action' });
	await agent.event('CALL_INCOMING');
	await sleep(RINGS);
	await agent.command('accept');
}


/* The gateway calls an agent first, who presses 1. */
async function warm(s, client)
{
	const agent = await Far.start(s, { ip: '10.77.0.4',
		contact: 'sip:agent@10.77.0.4', handlers: {
			async INVITE(leg, invite) {
				leg.answer(invite, 180, 'Ringing');
				await sleep(RINGS);
				leg.accept(invite);
			} } });
	const call_sid = await calls(s, client, WARM, '10.77.0.5', joined);

	writeWav(join(s.dir, 'press-1.wav'), 8000, 1);
	client.send({ verb: 'transfer', mode: 'warm', call_sid,
		target: [{ type: 'sip', sipUri: agent.contact }],
		confirm: { prompt: 'press-1.wav', digit: '1' },
		actionHook: '/action' });
	await client.message('transfer:event', { transfer_event: 'prompt' });
	await sleep(RINGS);
	await [...agent.legs.values()][0].request('INFO', { headers: {
		'Content-Type': 'application/dtmf-relay' },
	body: 'Signal=1\r\nDuration=160\r\n' });
}


/* A member of a fleet, with calls: one was transferred, one was not. */
async function member(s, cluster, i, label)
{
	const ip = `10.77.0.${6 + i}`;
	const referd = await s.referd({ args: ['--fleet', cluster.urls(),
		'--fleet-node', `gw${i}`, '--fleet-label', label,
		'--fleet-view', 'yes'] });
	const client = await s.client(referd);

	await s.gateway(referd, { ip,
		config: { sip_refer_node: `${label}-${i}` } });
	await referd.knows(1);
	for (const [n, behave] of [busy, behaviours.answered].entries()) {
		const number = `+4930231250${2 * i + n}0`;
		const call_sid = await calls(s, client, number,
			`10.77.0.${10 + 2 * i + n}`, behave, ip);

		client.send({ verb: 'sip:refer', call_sid,
			referTo: `sip:agent@${ip}` });
		await client.message('transfer:status',
			{ call_sid, step: 'ended' });
	}

	return referd;
}


scene('a transfer that succeeds, one that fails, a warm one', async (s) => {
	const { client, referd } = await s.control({ gateway: { config: {
		sip_refer_node: 'gw1', audio_path: s.dir } } });
	const { b, page } = await look(s, referd);
	const latest = page.locator('#transfers .item');

	await before(s, client);
	await blind(s, client);
	await latest.filter({ hasText: BLIND }).click();
	await says(b, '.ladder', /ack \/action/);
	await says(b, '.ladder', /BYE/);
	await keep(s, b, 'transferred', 776);

	await latest.filter({ hasText: '486' }).click();
	await page.locator('.row', { hasText: 'NOTIFY 486' }).click();
	await keep(s, b, 'failed', 776, 'dark');

	await warm(s, client);
	await latest.filter({ hasText: WARM }).click();
	await says(b, '.ladder', /ack \/action/);
	await keep(s, b, 'warm', 898);
});


scene('a fleet', async (s) => {
	const cluster = await Cluster.join(s, { servers: 3 });
	const first = await member(s, cluster, 1, 'berlin');

	await member(s, cluster, 2, 'berlin');
	await member(s, cluster, 3, 'munich');
	const { b, page } = await look(s, first);

	await says(b, '#fleet-state', /^Fleet of 3$/);
	await page.locator('[data-tab="overview"]').click();
	await says(b, '#tiles', /Transfers\s*6/);
	await says(b, '#tiles', /3 of 6/);
	await says(b, '#fleet-rows', /gw3/);
	await keep(s, b, 'fleet', 408);
}, { skip: NO_FLEET });

/**
 * @file uui.test.js  User-to-User: to the target of a transfer, from a caller
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene, settings } from './lib/scene.js';

const HI = 'User-to-User=4869%3Bencoding%3Dhex%3Bpurpose%3Dx';
const UUI = { data: '4869', encoding: 'hex', purpose: 'x' };
const old = settings.baresipMajor === 1;


scene('what a caller says is told, and told again after a restart',
	async (s) => {
	const { referd, client, gateway } = await s.control();
	const far = await Far.start(s);

	await far.call({ 'User-to-User': '00ff;encoding=hex;purpose=isdn-uui' +
		';x=1, "a, b";encoding=text;content=c',
	'user-to-user': '0g;encoding=hex' });
	const { call_sid, data } = await client.message('session:new');
	const uui = [
		{ data: '00ff', encoding: 'hex', purpose: 'isdn-uui' },
		{ data: 'a, b', encoding: 'text', content: 'c' },
	];

	assert.deepEqual(data.uui, uui);
	assert.match(JSON.stringify(data.sip.headers), /0g;encoding=hex/);

	const told = async () => (await fetch(
		`${referd.http}/calls/${call_sid}`)).json();
	assert.deepEqual((await told()).uui, uui);

	if (!settings.embedded) {
		await referd.kill('SIGKILL');
		await referd.run();
		await referd.knows(1);
		assert.deepEqual((await told()).uui, uui);
	}

	/* Without the header, or with an invalid one */
	const later = await s.client(referd);
	for (const headers of [{}, { 'User-to-User': 'a b' }]) {
		const from = later.now;

		await far.call(headers);
		const m = await later.message('session:new', {}, { from });
		assert.equal(m.data.uui, undefined);
	}
	assert.ok(gateway.process.alive);
});


scene('what the verb says stands in Refer-To, or is refused', async (s) => {
	const { client } = await s.control();
	const far = await Far.start(s, { handlers: {
		REFER: (leg, request) => leg.answer(request, 603, 'Decline') } });
	const leg = await far.call();
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });
	const refused = [
		[{ uui: { data: '486' } }, 'uui.data',
			/^sip:refer: uui\.data must be hex digits, two for each octet/],
		[{ uui: { data: '00'.repeat(130) } }, 'uui.data',
			/^sip:refer: uui\.data must have at most 129 octets, not 130/],
		[{ uui: UUI, targetHeaders: { 'User-To-User': '01' } }, 'uui',
			/^sip:refer: uui must not be given with another User-to-User/],
	];

	for (const [fields, field, pattern] of refused) {
		const from = client.now;

		client.send({ verb: 'sip:refer', referTo: '100', call_sid,
			...fields });
		const m = await client.message('jambonz:error', {}, { from });
		assert.match(m.data.error, pattern);
		assert.equal(m.data.field, field);
	}

	client.send({ verb: 'sip:refer', referTo: '100', call_sid, uui: UUI,
		targetHeaders: { 'X-A': '1' } });
	const refer = await leg.received('REFER');
	assert.equal(refer.headers['refer-to'],
		`<sip:100@${far.ip}?X-A=1&${HI}>`);
	assert.equal(leg.requests('REFER').length, 1);
	await client.message('transfer:status', { step: 'ended' });
});


/* 1.x passes it on in the URI of its INVITE, which no far end reads */
scene('a stock baresip that is transferred does with it what it does',
	async (s) => {
	const { client, gateway } = await s.control();
	const carrier = await s.carrier();
	const target = await Far.start(s);

	await carrier.dial(gateway.uri);
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' });
	client.send({ verb: 'sip:refer', referTo: target.contact, call_sid,
		uui: UUI });
	const leg = await target.incoming();
	const invite = await leg.received('INVITE');

	assert.equal(invite.headers['user-to-user'], undefined);
	assert.equal(/User-to-User/.test(invite.uri), old);
	await client.message('transfer:status', { step: 'ended' });
});

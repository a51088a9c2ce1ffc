/**
 * @file deflect.test.js  A call is redirected before it is answered
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene } from './lib/scene.js';

const RINGS = { gateway: { account: '' } };


/** The call_sid of the next incoming call, which rings. */
async function rings(client, from)
{
	const { call_sid } = await client.message('session:new', {}, { from });

	return call_sid;
}


async function failed(client, call_sid, sip_status)
{
	const { data } = await client.message('call:status',
		{ call_sid, call_status: 'failed' });

	assert.equal(data.sip_status, sip_status);
	await client.message('verb:status', { call_sid, event: 'finished',
		verb: 'sip:decline' });
}


scene('sip:decline with a contact: the Contact is on the wire', async (s) => {
	const { client } = await s.control(RINGS);

	for (const [fields, status, reason, contact] of [
		[{ status: 302, contact: '+4930 12' }, 302, 'Moved Temporarily',
			'<sip:+493012@IP:5060>'],
		[{ status: 300, reason: 'Try these', contact: [
			'"B" <sip:b@10.77.0.3>', 'tel:+4930-12'] }, 300,
		'Try these',
		'"B" <sip:b@10.77.0.3>;q=1.0, <tel:+493012>;q=0.9'],
		[{ status: 302, headers: { Contact: 'sip:b@10.77.0.3',
			'X-Why': 'night' } }, 302, 'Moved Temporarily',
		'<sip:b@10.77.0.3>'],
	]) {
		const from = client.now;
		const far = await s.sipp('redirected');
		const call_sid = await rings(client, from);

		client.send({ verb: 'sip:decline', call_sid, ...fields });
		const answer = await far.received(status);
		assert.equal(answer.headers.contact,
			contact.replace('IP', far.ip));
		assert.equal(answer.reason, reason);
		assert.equal(answer.headers['x-why'], fields.headers?.['X-Why']);
		assert.equal(answer.headers['content-length'], '0');
		await failed(client, call_sid, status);
		await far.passed();
	}
});


scene('sip:decline with a contact: a stock baresip calls there', async (s) => {
	const { client } = await s.control(RINGS);
	const carrier = await s.carrier();
	const agent = await s.agent();

	await carrier.command('dial', 'sip:gw@10.77.0.1');
	const call_sid = await rings(client);

	client.send({ verb: 'sip:decline', call_sid, status: 302,
		contact: agent.uri });
	await failed(client, call_sid, 302);
	await agent.events.wait((e) => e.type === 'CALL_ESTABLISHED',
		'the call');
	assert.equal((await agent.talking()).length, 1);
});


scene('sip:decline with a contact: what is wrong is refused, and the call ' +
	'goes on ringing', async (s) => {
	const { client } = await s.control(RINGS);
	const carrier = await s.carrier();

	await carrier.command('dial', 'sip:gw@10.77.0.1');
	const call_sid = await rings(client);

	for (const [fields, field] of [
		[{ status: 302 }, 'contact'],
		[{ status: 302, contact: 'http://x' }, 'contact'],
		[{ status: 302, contact: ['1', 'sip:a@b;method=BYE'] },
			'contact[1]'],
		[{ status: 302, contact: 'sip:a@b?Route=%3Csip:c%3E' },
			'contact'],
		[{ status: 302, contact: 'sip:a@b\r\nX: 1' }, 'contact'],
		[{ status: 302, headers: { Contact: 'sip:a@b\r\nX: 1' } },
			'headers.Contact'],
		[{ status: 486, contact: '1' }, 'contact'],
	]) {
		const from = client.now;

		client.send({ verb: 'sip:decline', call_sid, ...fields });
		const { data } = await client.message('jambonz:error', {},
			{ from });
		assert.equal(data.field, field);
		assert.ok(data.error.startsWith(`sip:decline: ${field} `));
	}

	/* the verb is an error on an answered call, too */
	client.send({ verb: 'answer', call_sid });
	await client.message('call:status',
		{ call_sid, call_status: 'in-progress' });
	const from = client.now;
	client.send({ verb: 'sip:decline', call_sid, status: 302,
		contact: '1' });
	const { data } = await client.message('jambonz:error', {}, { from });
	assert.match(data.error, /incoming call that is not answered/);
	assert.equal((await carrier.talking()).length, 1);
});

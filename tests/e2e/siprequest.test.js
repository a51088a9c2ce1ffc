/**
 * @file siprequest.test.js  The verb sip:request: requests in a call's dialog
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';
import { validate } from './lib/schema.js';


/** A call of a far end that answers each method by `handlers`. */
async function talk(s, handlers, options)
{
	const on = await s.control(options);
	const far = await Far.start(s, { handlers });
	const leg = await far.call();
	const { call_sid } = await on.client.messages.wait((m) =>
		m.type === 'session:new' && m.data.call_id === leg.id,
	'session:new');

	if (!options?.client)
		await on.client.message('call:status',
			{ call_sid, call_status: 'in-progress' });

	return { ...on, far, leg, call_sid };
}


/** Sends a request; the data of its actionHook. */
async function ask({ client, call_sid }, verb)
{
	const from = client.now;

	client.send({ verb: 'sip:request', call_sid, id: 'r1',
		actionHook: '/answer', ...verb });
	const { data } = await client.message('verb:hook',
		{ hook: '/answer' }, { from });
	assert.equal(data.verb_id, 'r1');
	assert.equal(data.call_sid, call_sid);
	validate('sip-request', data);

	return data;
}


scene('sip:request: what the application writes is on the wire, and any ' +
	'answer is told', async (s) => {
	const p = await talk(s, {
		INFO: (leg, m) => leg.answer(m, 200, 'Fine'),
		MESSAGE: (leg, m) => leg.answer(m, 415, 'Unsupported'),
		NOTIFY: (leg, m) => leg.answer(m, 489, 'Bad Event'),
		OPTIONS: (leg, m) => leg.answer(m, 200, 'OK'),
	});
	const { leg } = p;

	const told = await ask(p, { method: 'INFO',
		body: 'Signal=1\nDuration=250', headers: {
			'Content-Type': 'application/dtmf-relay', 'X-A': 1 } });
	assert.equal(told.result, 'success');
	assert.equal(told.sip_status, 200);
	assert.equal(told.sip_reason, 'Fine');
	const info = await leg.received('INFO');
	assert.equal(info.body, 'Signal=1\nDuration=250');
	assert.equal(info.headers['content-type'], 'application/dtmf-relay');
	assert.equal(info.headers['content-length'], '21');
	assert.equal(info.headers['x-a'], '1');
	assert.equal(info.headers['call-id'], leg.id);

	assert.equal((await ask(p, { method: 'MESSAGE', body: 'Grüße' }))
		.sip_status, 415);
	const message = await leg.received('MESSAGE');
	assert.equal(Buffer.from(message.body, 'latin1').toString(), 'Grüße');
	assert.equal(message.headers['content-type'], 'text/plain');
	assert.equal(message.headers.contact, undefined);

	assert.equal((await ask(p, { method: 'NOTIFY',
		headers: { Event: 'talk' } })).sip_status, 489);
	const notify = await leg.received('NOTIFY');
	assert.equal(notify.headers.event, 'talk');
	assert.equal(notify.headers['subscription-state'], 'active');

	assert.equal((await ask(p, { method: 'OPTIONS' })).sip_status, 200);
	assert.equal((await leg.received('OPTIONS')).body, '');

	/* referd refuses a bad verb before the gateway sends anything */
	for (const [verb, field, error] of [
		[{}, 'method', /is required$/],
		[{ method: 'REFER' }, 'method', /use the verb sip:refer$/],
		[{ method: 'INVITE' }, 'method',
			/must be INFO, MESSAGE, NOTIFY or OPTIONS, not INVITE$/],
		[{ method: 'INFO', headers: { 'X-A': 'a\r\nX-B: 1' } },
			'headers.X-A', /control characters$/],
		[{ method: 'INFO', headers: { CSeq: '1 INFO' } },
			'headers.CSeq', /must not be set: the SIP stack writes it$/],
		[{ method: 'INFO', body: 'x'.repeat(8193) }, 'body',
			/at most 8192 bytes$/],
		[{ method: 'NOTIFY', headers: { Event: 'refer' } },
			'headers.Event', /must not be refer/],
	]) {
		const { client, call_sid } = p;
		const from = client.now;

		client.send({ verb: 'sip:request', call_sid, ...verb });
		const { data } = await client.message('jambonz:error', {},
			{ from });
		assert.equal(data.field, field);
		assert.match(data.error, error);
	}
	assert.equal(leg.messages.filter((m) => !m.sent && m.method &&
		m.method !== 'ACK').length, 4);
	assert.equal(leg.requests('BYE').length, 0);
});


scene('sip:request: a challenge is answered by the account, what is not ' +
	'answered is told, and so is the end of the call', async (s) => {
	const challenge = { 'WWW-Authenticate':
		'Digest realm="far", nonce="1", algorithm=MD5' };
	const p = await talk(s, {
		INFO: (leg, m) => m.headers.authorization ?
			leg.answer(m, 202, 'Accepted') :
			leg.answer(m, 401, 'Unauthorized', challenge),
		OPTIONS: () => {},
	}, { gateway: { account: ';answermode=auto;auth_user=gw;auth_pass=x' } });
	const { client, leg, call_sid } = p;

	assert.equal((await ask(p, { method: 'INFO', body: 'a' })).sip_status,
		202);
	const sent = leg.requests('INFO');
	assert.equal(sent.length, 2);
	assert.equal(sent[1].body, 'a');
	assert.match(sent[1].headers.authorization, /username="gw"/);

	const none = await ask(p, { method: 'OPTIONS', timeout: 0.3 });
	assert.equal(none.result, 'failed');
	assert.equal(none.err, 'no answer within 0.3 s');
	assert.equal(none.sip_status, undefined);

	/* the second replaces the first, which is not reported any more */
	const from = client.now;
	client.send({ verb: 'sip:request', call_sid, method: 'OPTIONS',
		id: 'a', actionHook: '/a' });
	await client.message('verb:status', { event: 'starting', id: 'a' },
		{ from });
	assert.equal((await ask(p, { method: 'INFO' })).sip_status, 202);
	await client.message('verb:status', { event: 'finished', id: 'a' },
		{ from });

	client.send({ verb: 'sip:request', call_sid, method: 'OPTIONS',
		id: 'b', actionHook: '/b' });
	await client.message('verb:status', { event: 'starting', id: 'b' });
	leg.bye();
	const { data } = await client.message('verb:hook', { hook: '/b' });
	assert.equal(data.result, 'failed');
	assert.equal(data.err, 'the call has ended');
	await client.message('call:status',
		{ call_sid, call_status: 'completed' });
	await client.message('verb:status', { event: 'finished', id: 'b' });
	assert.equal(client.all('verb:hook').filter((m) => m.hook === '/a')
		.length, 0);
});


scene('sip:request answered 481: the far end knows no such call, which ends',
	async (s) => {
	const p = await talk(s, { OPTIONS: (leg, m) =>
		leg.answer(m, 481, 'Call Does Not Exist') });

	assert.equal((await ask(p, { method: 'OPTIONS' })).sip_status, 481);
	await p.client.message('call:status', { call_sid: p.call_sid,
		call_status: 'completed' });
	await p.leg.received('BYE');
});


scene('sip:request: baresip is gone meanwhile', async (s) => {
	const p = await talk(s, { OPTIONS: () => {} });

	p.client.send({ verb: 'sip:request', call_sid: p.call_sid,
		method: 'OPTIONS', actionHook: '/answer', id: 'g' });
	await p.client.message('verb:status', { event: 'starting', id: 'g' });
	await p.gateway.kill('SIGKILL');
	const { data } = await p.client.message('verb:hook',
		{ hook: '/answer' }, { timeout: 30_000 });
	validate('sip-request', data);
	assert.equal(data.result, 'failed');
	assert.match(data.err, /gone/);
});

/**
 * @file dialect.test.js  The dialect ws.jambonz.org, against jambonz's schemas
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeWav } from './lib/audio.js';
import { Application } from './lib/application.js';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';
import { validate } from './lib/schema.js';

const JAMBONZ = { protocol: 'ws.jambonz.org' };


/* The schema that the data of a hook must follow */
function hookSchema({ data })
{
	if (data.event === 'transfer-status')
		return 'sip-refer-event';

	return data.reason?.startsWith('play') ? 'play' : 'sip-refer';
}


/* Checks a whole message; returns its type. */
function check(message)
{
	const { type, msgid, call_sid: sid, hook, data } = message;
	const schema = {
		'session:new': () => 'session-new',
		'session:redirect': () => 'session-redirect',
		'call:status': () => 'call-status',
		'verb:status': () => 'verb-status',
		'verb:hook': hookSchema,
	}[type];

	if (type === 'jambonz:error') {
		assert.equal(typeof data.error, 'string');
		return type;
	}

	assert.ok(schema, `${type} is no message of jambonz`);
	validate(schema(message), data);
	assert.equal(typeof sid, 'string');
	if (type.startsWith('session:') || type === 'verb:hook')
		assert.equal(typeof msgid, 'string');
	if (type === 'verb:hook')
		assert.equal(typeof hook, 'string');

	return type;
}


/* The target sets the result of a REFER: `486`, `200`, or `r603` at once. */
async function fare(leg, refer)
{
	const [, refused, code] = /<sip:(r?)(\d+)@/
		.exec(refer.headers['refer-to']);

	if (refused) {
		leg.answer(refer, Number(code), 'No');
		return;
	}

	leg.answer(refer, 202, 'Accepted');
	await leg.notify('SIP/2.0 100 Trying');
	await leg.notify('SIP/2.0 180 Ringing');
	leg.notify(`SIP/2.0 ${code} Final`);
}


async function parties(s)
{
	const audio = join(s.dir, 'audio');

	mkdirSync(audio);
	writeWav(join(audio, 'a.wav'), 8_000, 0.3);

	const far = await Far.start(s, { handlers: { REFER: fare } });
	const p = await s.control({ client: JAMBONZ,
		gateway: { account: '', config: { audio_path: audio } } });

	return { far, ...p };
}


scene('each message follows its schema, and none is of ours only',
	async (s) => {
	const { far, client } = await parties(s);
	const leg = await far.ring({ 'X-Customer': '17',
		'P-Asserted-Identity': '<sip:+49301@example.com>' });
	const { msgid, call_sid: sid } = await client.message('session:new');
	const refer = (referTo, id) => ({ verb: 'sip:refer', id, referTo,
		actionHook: '/action', eventHook: '/event' });

	/* An application answers session:new with the verbs to run. */
	client.send({ type: 'ack', msgid, data: [
		{ verb: 'answer' },
		{ verb: 'config', notifyEvents: true },
		{ verb: 'tag', data: { customer: { number: 17 } } },
		{ verb: 'pause', length: 0.1 },
		{ verb: 'play', url: 'a.wav', actionHook: '/played' },
		refer('r603', 'v1'), refer('486', 'v2'),
		{ verb: 'redirect', actionHook: '/next' }] });
	const { msgid: asked } = await client.message('session:redirect');
	client.send({ type: 'ack', msgid: asked, data: [
		{ verb: 'config', notifyEvents: false },
		refer('200', 'v3')] });
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });
	await client.messages.wait((m) => m.data?.verb_id === 'v3' &&
		m.hook === '/action', 'last actionHook');

	/* A declined call, a busy call, and an invalid verb. */
	const next = await far.ring();
	const { call_sid: declined } = await client.messages.wait((m) =>
		m.type === 'session:new' && m.data.call_id === next.id,
		'session:new');
	client.send({ type: 'command', command: 'redirect', callSid: declined,
		data: [{ verb: 'sip:decline', status: 480 }] });
	await client.message('call:status', { call_status: 'no-answer' });

	far.handlers.INVITE = (l, invite) => l.answer(invite, 486, 'Busy Here');
	client.send({ type: 'command', command: 'dial',
		data: { to: far.uri } });
	await client.message('call:status', { call_status: 'busy' });
	client.send({ verb: 'dance' });
	await client.message('jambonz:error');

	const types = new Set(client.messages.items.map(check));
	assert.deepEqual([...types].sort(), ['call:status', 'jambonz:error',
		'session:new', 'session:redirect', 'verb:hook',
		'verb:status']);
	assert.equal((await leg.received('BYE')).method, 'BYE');

	const hooks = client.all('verb:hook');
	assert.deepEqual(hooks.filter((m) => m.hook === '/action')
		.map(({ data: d }) => [d.verb_id, d.refer_status,
			d.final_referred_call_status]),
	[['v1', 603, undefined], ['v2', 202, 486], ['v3', 202, 200]]);
	assert.deepEqual(hooks.filter((m) => m.hook === '/event')
		.map(({ data: d }) => [d.verb_id, d.call_status]),
	['v2', 'v3'].flatMap((id) => [[id, 100], [id, 180],
		[id, id === 'v2' ? 486 : 200]]));
	assert.ok(hooks.every((m) => m.data.referStatus === undefined));
	assert.deepEqual(hooks.at(-1).data.customerData,
		{ customer: { number: 17 } });
	assert.equal(hooks.filter((m) => m.hook === '/played').length, 1);

	const [{ data: call }] = client.all('session:new');
	assert.equal(call.sip.headers['X-Customer'], '17');
});


scene('verb:status comes while notifyEvents is true only', async (s) => {
	const { far, client } = await parties(s);

	await far.ring();
	const { msgid } = await client.message('session:new');
	client.send({ type: 'ack', msgid, data: [{ verb: 'answer' },
		{ verb: 'pause', id: 'p1', length: 0.1 },
		{ verb: 'config', notifyEvents: true },
		{ verb: 'pause', id: 'p2', length: 0.1 },
		{ verb: 'config', notifyEvents: false },
		{ verb: 'pause', id: 'p3', length: 0.1 },
		{ verb: 'hangup' }] });
	await client.message('call:status', { call_status: 'completed' });

	const ids = client.all('verb:status').map((m) => m.data.id)
		.filter((id) => id);
	assert.deepEqual(ids, ['p2', 'p2']);
});


scene('no actionHook given, none sent; no eventHook neither', async (s) => {
	const { far, client } = await parties(s);
	const leg = await far.ring();
	const { msgid } = await client.message('session:new');

	client.send({ type: 'ack', msgid, data: [
		{ verb: 'sip:refer', referTo: '486' },
		{ verb: 'sip:refer', referTo: '200' }] });
	await client.message('call:status', { call_status: 'completed' });
	assert.equal(leg.requests('REFER').length, 2);
	assert.deepEqual(client.all('verb:hook'), []);
});


scene('over HTTP: the names and types of the client that sent the verb',
	async (s) => {
	const { far, client, referd } = await parties(s);
	const application = await Application.start(s);
	const other = await s.client(referd);
	const urls = { actionHook: `${application.url}/action`,
		eventHook: `${application.url}/event` };

	await far.ring();
	const { call_sid: sid } = await client.message('session:new');
	client.send({ verb: 'sip:refer', id: 'v1', referTo: '486',
		call_sid: sid, ...urls });
	await application.request('/action');
	for (const { data } of application.all('/event'))
		validate('sip-refer-event', data);
	const [{ data }] = application.all('/action');
	validate('sip-refer', data);
	assert.equal(data.refer_status, 202);
	assert.equal(data.final_referred_call_status, 486);

	/* The same hook in the default dialect has strings. */
	other.send({ verb: 'sip:refer', id: 'v2', referTo: '603',
		call_sid: sid, ...urls });
	const { data: second } = await application.requests.wait((r) =>
		r.path === '/action' && r.data.verb_id === 'v2', 'actionHook');
	assert.equal(second.referStatus, '202');
	assert.equal(second.final_referred_call_status, '603');
	assert.equal(second.refer_status, undefined);
	assert.deepEqual(application.all('/event').slice(3)
		.map((r) => r.data.call_status), ['100', '180', '603']);
});


scene('no answer from the far end: refer_status is there all the same',
	async (s) => {
	const { far, client } = await parties(s);
	const leg = await far.ring();
	const { call_sid: sid } = await client.message('session:new');

	leg.handlers.REFER = () => {};
	client.send([{ verb: 'sip:refer', id: 'v1', referTo: '1',
		actionHook: '/action', call_sid: sid }]);
	await leg.received('REFER');
	leg.bye();
	const hook = await client.message('verb:hook', { hook: '/action' },
		{ timeout: 45_000 });

	check(hook);
	assert.equal(hook.data.refer_status, 487);
});

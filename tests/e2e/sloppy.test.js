/**
 * @file sloppy.test.js  Far ends with unusual syntax
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Far } from './lib/far.js';
import { scene } from './lib/scene.js';


/* A call of a far end; `headers` are those of its INVITE. */
async function called(s, options, headers)
{
	const { client } = await s.control();
	const far = await Far.start(s, options);
	const leg = await far.call(headers);
	const { call_sid: sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	return { client, far, leg, sid };
}


scene('folded lines, tabs and compact names are read as if they were not',
	async (s) => {
	const name = '"Ann \\"B\\" C\\\\D" ';
	const { client, leg, sid } = await called(s, { name, handlers: {
		async REFER(leg, request) {
			leg.answer(request, 202, 'Accepted');
			await leg.notify('SIP/2.0 180 Ringing\r\n', { headers: {
				'Event': 'refer\r\n ;id=' +
					parseInt(request.headers.cseq, 10),
				'Subscription-State': 'active\t;expires=60' } });
			await leg.notify('', { headers: {
				'Event': '\r\n\trefer',
				'Subscription-State': 'terminated\r\n' +
					'\t; reason\r\n = noresource' } });
		} } }, {
		'k': 'timer,\r\n replaces', 's': 'lost\tand\r\n found',
		'User-to-User': '4869\r\n ;encoding=hex', 'X-Nul': 'a\0b' });
	const { data: { sip, caller_name: told } } =
		await client.message('session:new');

	assert.equal(told, 'Ann "B" C\\D');
	assert.equal(sip.headers['X-Nul'], 'a?b');
	assert.equal(sip.headers.Supported, 'timer, replaces');
	assert.equal(sip.headers.Subject, 'lost and found');
	assert.equal(sip.headers['User-to-User'], '4869 ;encoding=hex');
	assert.equal(sip.headers.k, undefined);

	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	const { data } = await client.message('transfer:status',
		{ step: 'ended' });

	assert.deepEqual(leg.messages.filter((m) => !m.sent &&
		/ NOTIFY$/.test(m.headers.cseq)).map((m) => m.status),
		[200, 200]);
	assert.equal(data.call_status, 180);
	assert.equal(data.outcome, 'unknown');
	assert.equal(data.evidence, 'terminated');
	assert.equal(data.reason, 'noresource');
	assert.equal(data.sip.headers['Subscription-State'],
		'terminated ; reason = noresource');
});


/* The dry run of a transfer, then the REFER as sent. */
async function referred({ client, far }, { uri, contact, headers }, verb = {})
{
	const from = client.now;

	Object.assign(far, { uri, contact });
	const leg = await far.call(headers);
	const { call_sid } = await client.message('call:status',
		{ call_status: 'in-progress' }, { from });
	const refer = { verb: 'sip:refer', referTo: '100', call_sid, ...verb };

	client.send({ ...refer, dryRun: true });
	const { data } = await client.messages.wait((m) =>
		(m.data?.dry_run && m.call_sid === call_sid) ||
		m.type === 'jambonz:error', 'dry run', { from });

	assert.equal(data.error, undefined);
	client.send(refer);
	const { headers: sent } = await leg.received('REFER');

	for (const name of ['Refer-To', 'Referred-By'])
		assert.ok(data.dry_run.refer.includes(
			`\r\n${name}: ${sent[name.toLowerCase()]}\r\n`), name);

	return { dry: data.dry_run, sent };
}


const refuse = { REFER: (leg, request) =>
	leg.answer(request, 603, 'Decline') };


scene('a number belongs to a host that can be reached', async (s) => {
	const { client } = await s.control();
	const far = await Far.start(s, { port: 5080, handlers: refuse });
	const contact = 'sip:far@10.77.0.40:5080';
	const behind = { contact: 'sip:x@df7jal23ls0d.invalid;transport=ws',
		headers: { 'Record-Route': '<sip:10.77.0.40:5080;lr>' } };
	const anonymous = 'sip:anonymous@anonymous.invalid';
	const sloppy = 'sip:+12025550100@VoiceIPG;isup-oli=00';

	for (const [from, host, rule, rest] of [
		['sip:far@10.77.0.40', 'sip:100@10.77.0.40', 'identity'],
		['sips:far@example.com', 'sips:100@example.com', 'identity'],
		[sloppy, 'sip:100@10.77.0.40:5080', 'remote target'],
		[anonymous, 'sip:100@10.77.0.40:5080', 'remote target'],
		['tel:+4930123', 'sip:100@10.77.0.40:5080', 'remote target'],
		['sip:+4930123@10.77.0.1', 'sip:100@10.77.0.40:5080',
			'remote target'],
		['sip:far@pbx', 'sip:100@pbx', 'identity', { headers: {
			'Record-Route': '<sip:10.77.0.40:5080;lr>,\r\n ' +
				'<sip:pbx;lr>' } }],
		['sip:far@example.com', 'sip:100@example.com', 'identity',
			behind],
		[anonymous, 'sip:100@10.77.0.40:5080', 'source address',
			behind],
	]) {
		const { dry, sent } = await referred({ client, far },
			{ uri: from, contact, ...rest });

		assert.equal(sent['refer-to'], `<${host}>`, from);
		assert.equal(sent['referred-by'], `<${from}>`);
		assert.equal(dry.refer_to_host, rule, from);
		assert.equal(dry.referred_by_host, 'identity');
	}

	/* A number in Referred-By gets that host, too. */
	const { dry, sent } = await referred({ client, far },
		{ uri: sloppy, contact }, { referTo: 'sip:a@b.example',
			referredBy: '+49 30' });

	assert.equal(sent['referred-by'], '<sip:+4930@10.77.0.40:5080>');
	assert.equal(dry.refer_to_host, 'given');
	assert.equal(dry.referred_by_host, 'remote target');
});


scene('a number in a list that begins with answer has its host, too',
	async (s) => {
	const { client } = await s.control({ gateway: { account: '' } });
	const far = await Far.start(s, { port: 5080, handlers: refuse,
		uri: 'sip:anonymous@anonymous.invalid' });
	const leg = await far.ring();
	const { call_sid } = await client.message('session:new');

	client.send([{ verb: 'answer', call_sid },
		{ verb: 'sip:refer', referTo: '*21#' }]);
	const { headers } = await leg.received('REFER');

	assert.equal(headers['refer-to'], '<sip:*21%23@10.77.0.40:5080>');
});


scene('what a far end calls itself is never a reason to refuse', async (s) => {
	const { client } = await s.control();
	const far = await Far.start(s, { port: 5080, handlers: refuse });
	const contact = 'sip:far@10.77.0.40:5080';

	for (const [from, to, by] of [
		['sip:a#b c^@10.77.0.40:0', 'sip:100@10.77.0.40',
			'sip:a%23b%20c%5E@10.77.0.40'],
		['sip:J\u00fcrgen@10.77.0.40', 'sip:100@10.77.0.40',
			'sip:J%C3%BCrgen@10.77.0.40'],
		['sip:a@M\u00fcnchen.example;x={}', 'sip:100@10.77.0.40:5080',
			'sip:a@10.77.0.40:5080'],
		['sip:a%0D%0AX-Evil:1@10.77.0.40', 'sip:100@10.77.0.40',
			'sip:aX-Evil:1@10.77.0.40'],
		['tel:*21#', 'sip:100@10.77.0.40:5080', 'tel:*21%23'],
		['urn:service:sos', 'sip:100@10.77.0.40:5080',
			'sip:10.77.0.40:5080'],
	]) {
		const { sent } = await referred({ client, far },
			{ uri: from, contact });

		assert.equal(sent['refer-to'], `<${to}>`, from);
		assert.equal(sent['referred-by'], `<${by}>`, from);
	}
});


scene('attended: a sloppy Contact is escaped', async (s) => {
	const { client } = await s.control();
	const far = await Far.start(s, { port: 5080, handlers: refuse });

	Object.assign(far, { contact: 'sip:a^b@10.77.0.40:5080;x={};y=1' });
	await far.call();
	const { call_sid: other } = await client.message('call:status',
		{ call_status: 'in-progress' });
	const { dry, sent } = await referred({ client, far },
		{ uri: 'sip:far@10.77.0.40', headers: { 'k': 'replaces' },
			contact: 'sip:far@10.77.0.40:5080' },
		{ referTo: undefined, replaces: other });

	assert.match(sent['refer-to'],
		/^<sip:a%5Eb@10\.77\.0\.40:5080;y=1\?Replaces=[^>]+>$/);
	assert.equal(dry.refer_to_host, 'remote target');
	assert.ok(!dry.doubts.some((text) => /Supported lacks/.test(text)));
});

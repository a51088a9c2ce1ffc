/**
 * @file referctl.test.js  referctl, against real calls
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { certificate } from './lib/certificate.js';
import { Far } from './lib/far.js';
import { Node } from './lib/node.js';
import { Referctl } from './lib/referctl.js';
import { scene } from './lib/scene.js';
import { callOfTargets } from './lib/targets.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';


/* A file of two tokens */
function tokens(s)
{
	const file = join(s.dir, 'tokens');
	const BOT = 'bot-0123456789abcdef';
	const WALL = 'wall-0123456789abcdef';

	writeFileSync(file, `# ours\nbot controller ${BOT}\n` +
		`wall observer ${WALL}\n`, { mode: 0o600 });

	return { BOT, WALL, file };
}


/* Runs it to its end against a referd. */
function ctl(s, referd, ...args)
{
	return new Referctl(s, ['--url', referd.http, ...args]).end();
}


/* A call of a real baresip, and an agent as the transfer target. */
async function realCall(s, options)
{
	const agent = await s.agent();
	const carrier = await s.carrier();
	const control = await s.control(options);

	await carrier.dial('sip:gw@10.77.0.1');
	const { call_sid: sid } = await control.client.message('session:new');
	await control.client.message('call:status',
		{ call_status: 'in-progress' });

	return { agent, carrier, sid, ...control };
}


scene('refer --wait shows each step and ends with the outcome', async (s) => {
	const { agent, carrier, referd, sid } = await realCall(s);
	const { status, text } = await ctl(s, referd,
		'refer', '-', agent.uri, '--wait');

	assert.equal(text, ['requested    sip:agent@10.77.0.3',
		'accepted     202 Accepted', 'progress     100 Trying',
		'transferred  200 OK (notify)'].join('\n'));
	assert.equal(status, 0);
	await agent.event('CALL_ESTABLISHED', carrier.uri);

	const list = await ctl(s, referd, 'transfers', '--json');
	const [transfer] = JSON.parse(list.text);
	assert.equal(transfer.call_sid, sid);
	assert.equal(transfer.outcome, 'transferred');

	const table = await ctl(s, referd, 'transfers');
	const [head, row] = table.text.split('\n');
	assert.match(head, /^STARTED +TRANSFER +CALL +OUTCOME +STATUS +TARGET$/);
	assert.match(row, new RegExp(
		`${sid}  transferred  200 OK +sip:agent@10.77.0.3$`));
});


scene('calls lists the live ones, and a prefix names one', async (s) => {
	const { agent, carrier, referd, sid } = await realCall(s);

	const calls = await ctl(s, referd, 'calls');
	assert.match(calls.text.split('\n')[1], new RegExp(
		`^${sid}  in-progress  inbound   carrier +gw +20`));
	const { text } = await ctl(s, referd, 'calls', '--json');
	assert.equal(JSON.parse(text)[0].call_sid, sid);

	const strange = await ctl(s, referd, 'refer', 'x', agent.uri);
	assert.deepEqual(strange, { status: 1,
		text: 'referctl: no live call matches x' });

	const { status } = await ctl(s, referd,
		'refer', sid.slice(0, 7), agent.uri);
	assert.equal(status, 0);
	await agent.event('CALL_ESTABLISHED', carrier.uri);
});


scene('with no call or with two, - is refused', async (s) => {
	const { client, referd } = await s.control();
	const none = await ctl(s, referd, 'hangup', '-');

	assert.deepEqual(none, { status: 1,
		text: 'referctl: no call is live' });

	await s.call(client, 'ringing', { final: '200 OK' });
	await s.call(client, 'ringing', { final: '200 OK' });
	assert.deepEqual(await ctl(s, referd, 'hangup', '-'), { status: 1,
		text: 'referctl: 2 calls are live; name one' });
});


for (const [outcome, status, last, scenario, keys] of [
	['failed by the answer', 3, 'failed       603 Decline (response)',
		'refuse', { answer: 'SIP/2.0 603 Decline', more: 'X-A: b' }],
	['failed by the NOTIFY', 3,
		/^failed       486 Busy Here \(notify(, no media)?\)$/,
		'transfer', { answer: 'SIP/2.0 202 Accepted',
			final: '486 Busy Here' }],
	['presumed', 4,
		/^presumed     202 .*\(refer-sub, low confidence\)$/,
		'refer-sub', {}],
	['unknown', 5,
		/^unknown      202 .*\(timer:notify, low confidence(, no media)?\)$/,
		'no-notify', {}],
]) {
	scene(`${outcome} is exit status ${status}`, async (s) => {
		const { client, referd } = await s.control();
		const { sid } = await s.call(client, scenario, keys);
		const result = await ctl(s, referd, 'refer', sid, '100',
			'--notify-timeout', '2', '--wait');

		assert.equal(result.status, status);
		const line = result.text.split('\n').at(-1);
		if (typeof last === 'string')
			assert.equal(line, last);
		else
			assert.match(line, last);
	});
}


scene('cancelled is exit status 6; hangup ends the call', async (s) => {
	const { client, referd } = await s.control();
	const { far, sid } = await s.call(client, 'ringing',
		{ final: '200 OK' });
	const refer = new Referctl(s, ['--url', referd.http, 'refer', sid,
		'100', '--wait', '--json']);

	await refer.line(/"call_status":180/);
	const { status } = await ctl(s, referd, 'hangup', sid,
		'--header', 'X-Why=tired');
	assert.equal(status, 0);

	assert.equal((await refer.end()).status, 6);
	const steps = refer.out.items.map((l) => JSON.parse(l).data);
	assert.equal(steps[0].step, 'requested');
	assert.equal(steps.at(-1).outcome, 'cancelled');
	const bye = await far.received('BYE');
	assert.equal(bye.headers['x-why'], 'tired');
});


scene('a call that ends first is said, and is exit status 3', async (s) => {
	const far = await Far.start(s, { handlers: {
		INVITE: (leg, request) => leg.answer(request, 180, 'Ringing') } });
	const { client, referd } = await s.control();

	client.send({ type: 'command', command: 'dial',
		data: { to: far.uri } });
	const { call_sid: sid } = await client.message('session:new');
	const refer = new Referctl(s, ['--url', referd.http, 'refer', sid,
		'100', '--wait']);

	await client.messages.wait((m) => m.type === 'session:new', 'call');
	for (;;) {
		const { text } = await ctl(s, referd, 'calls', '--json');
		if (JSON.parse(text)[0].queue?.length ||
			JSON.parse(text)[0].verb)
			break;
	}
	await ctl(s, referd, 'hangup', sid);

	assert.deepEqual(await refer.end(), { status: 3,
		text: 'referctl: the call ended before the transfer began' });
});


scene('each option of refer is in the REFER', async (s) => {
	const { client, referd } = await s.control();
	const { far, sid } = await s.call(client, 'ringing',
		{ final: '200 OK' });
	const { status, text } = await ctl(s, referd, 'refer', sid,
		'sip:bob@example.com', '--header', 'X-Ticket=17',
		'--header', 'X-Text=a=b', '--target-header', 'X-Far=1',
		'--referred-by', 'sip:ann@example.com',
		'--display-name', 'Ann "A"', '--id', 'v7',
		'--ringing-timeout', '30.5', '--retry-timeout', '0');

	assert.deepEqual({ status, text }, { status: 0, text: '' });
	const { headers } = await far.received('REFER');
	assert.equal(headers['refer-to'],
		'<sip:bob@example.com?X-Far=1>');
	assert.equal(headers['referred-by'],
		'"Ann \\"A\\"" <sip:ann@example.com>');
	assert.equal(headers['x-ticket'], '17');
	assert.equal(headers['x-text'], 'a=b');
	await client.message('transfer:status',
		{ step: 'requested', verb_id: 'v7' });
});


scene('a dry run prints the REFER and sends none', async (s) => {
	const { client, referd } = await s.control();
	const { far, sid } = await s.call(client, 'ringing',
		{ final: '200 OK' });
	const { status, text } = await ctl(s, referd, 'refer', sid, '100',
		'--dry-run', '--header', 'X-Ticket=17');

	assert.equal(status, 0);
	assert.match(text, /^REFER sip:.*\n(.*\n)*X-Ticket: 17/);

	const list = await ctl(s, referd, 'refer', sid, '100', '200',
		'--dry-run');
	assert.match(list.text, /<sip:100@.*\n(.*\n)*\nREFER (.*\n)*.*<sip:200@/);
	assert.equal(far.requests('REFER').length, 0);
});


scene('--replaces connects the far ends of two calls', async (s) => {
	const { client, referd } = await s.control();
	const { far, sid } = await s.call(client, 'ringing',
		{ final: '200 OK' });
	const second = await s.call(client, 'ringing', { final: '200 OK' });

	const { status } = await ctl(s, referd, 'refer', sid, '--replaces',
		second.sid);
	assert.equal(status, 0);
	const { headers } = await far.received('REFER');
	assert.match(headers['refer-to'], /\?Replaces=/);
});


/* A stand-in for referd that accepts and records each message. */
async function takingReferd(s)
{
	const sent = [];
	const server = createServer((request, response) => {
		let text = '';

		request.on('data', (d) => {
			text += d;
		});
		request.on('end', () => {
			if (text)
				sent.push(JSON.parse(text));
			response.end(text ? '{"call_sid":"c1"}' :
				'[{"call_sid":"c1"}]');
		});
	});

	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	s.join({ process: { name: 'taking', alive: false, log: { items: [] },
		kill: () => server.close() } });

	return { http: `http://127.0.0.1:${server.address().port}`, sent };
}


scene('each option of the verbs is a field of what is sent', async (s) => {
	const referd = await takingReferd(s);
	const target = { type: 'phone', number: '+49301234' };
	const headers = { 'X-A': '1' };

	for (const [line, verb] of [
		[['refer', '-', '100', 'sip:a@b', '--on-unknown', 'next',
			'--uui', '4869;purpose=isdn-uui;encoding=hex',
			'--answer-timeout', '20'],
		{ verb: 'sip:refer', onUnknown: 'next', uui: { data: '4869',
			purpose: 'isdn-uui', encoding: 'hex' },
		timeouts: { answer: 20 }, referTo: ['100', 'sip:a@b'] }],
		[['transfer', '-', '+49301234', 'SIP:a@b', 'bob', '--timeout',
			'7.5', '--target-header', 'X-A=1', '--caller-id',
			'100', '--id', 'v1', '--action-hook', '/a',
			'--event-hook', '/e', '--on-no-answer', 'voicemail',
			'--on-busy', 'hangup', '--on-decline', 'return',
			'--on-failure', 'hangup', '--voicemail', 'sip:m@b'],
		{ target: [{ ...target, headers }, { type: 'sip', sipUri:
			'SIP:a@b', headers }, { type: 'user', name: 'bob',
			headers }], verb: 'transfer', mode: 'blind',
		callerId: '100', id: 'v1', actionHook: '/a', eventHook: '/e',
		disposition: { onNoAnswer: 'voicemail', onBusy: 'hangup',
			onDecline: 'return', onFailure: 'hangup',
			voicemailUrl: 'sip:m@b' }, timeout: 7.5 }],
		[['transfer', '-', '+49301234', '--warm', '--prompt', 'p.wav',
			'--digit', '1', '--brief', 'b.wav', '--hold-hook',
			'/h'],
		{ target: [target], verb: 'transfer', mode: 'warm',
			onHoldHook: '/h', confirm: { prompt: 'p.wav',
				digit: '1' }, brief: { url: 'b.wav' } }],
		[['request', '-', 'INFO', '--body', 'Signal=1', '--header',
			'X-A=1', '--id', 'v1', '--action-hook', '/a'],
		{ verb: 'sip:request', method: 'INFO', body: 'Signal=1',
			id: 'v1', actionHook: '/a', headers }],
		[['decline', '-'], { verb: 'sip:decline', status: 486 }],
		[['decline', '-', '--contact', 'sip:a@b', '--header', 'X-A=1'],
			{ verb: 'sip:decline', status: 302,
				contact: 'sip:a@b', headers }],
		[['decline', '-', '--status', '603', '--reason', 'No'],
			{ verb: 'sip:decline', status: 603, reason: 'No' }],
		...[[['refer', '-', '100'], { verb: 'sip:refer',
			referTo: '100' }],
		[['transfer', '-', '+49301234'], { verb: 'transfer',
			mode: 'blind', target: [target] }],
		[['request', '-', 'INFO'], { verb: 'sip:request',
			method: 'INFO' }],
		[['answer', '-'], { verb: 'answer' }],
		[['decline', '-'], { verb: 'sip:decline', status: 486 }],
		[['hangup', '-'], { verb: 'hangup' }]].map(([line, verb]) =>
			[[...line, '--traceparent', TRACE, '--tracestate', 'a=1'],
				{ ...verb, traceparent: TRACE,
					tracestate: 'a=1' }])]) {
		assert.deepEqual(await ctl(s, referd, ...line),
			{ status: 0, text: '' });
		assert.deepEqual(referd.sent.pop(), verb);
	}

	for (const [line, said] of [
		[['refer', '-', '100', '--uui', '48;x=y'], '--uui must be ' +
			'data, optionally followed by ;encoding=, ;purpose= ' +
			'and ;content='],
		[['refer', '-', '100', '200', '--replaces', 'c1'],
			'refer takes either TARGET or --replaces'],
		[['transfer', '-'], 'transfer takes CALL TARGET...; see ' +
			'--help'],
		[['transfer', '-', '100', '--target-header', 'X'],
			'--target-header must be NAME=VALUE, such as X-Ticket=17'],
		[['refer', '-', ...'123456789'],
			'refer takes CALL TARGET...; see --help'],
		[['decline', '-', '--status', 'x'],
			'--status must be a number'],
		[['transfer', '-', '100', '--timeout', 'x'],
			'--timeout must be a number of seconds']])
		assert.deepEqual(await ctl(s, referd, ...line),
			{ status: 2, text: `referctl: ${said}` });
	assert.deepEqual(referd.sent, []);
});


scene('of several targets each is told, and the last one counts', async (s) => {
	const { client, referd } = await s.control();
	const { sid } = await callOfTargets(s, client);
	const failed = await ctl(s, referd, 'refer', sid, '486', '404',
		'--wait');
	const lines = failed.text.split('\n');

	assert.equal(failed.status, 3);
	assert.match(lines[0], /^requested +sip:486@\S+ \(attempt 1 of 2\)$/);
	assert.match(lines[3],
		/^failed +486 Busy Here \(notify, attempt 1 of 2/);
	assert.match(lines[4], /^requested +sip:404@\S+ \(attempt 2 of 2\)$/);
	assert.match(lines.at(-1),
		/^failed +404 Not Found \(notify, attempt 2 of 2/);
	const { text } = await ctl(s, referd, 'transfers', '--call', sid);
	assert.match(text.split('\n')[1],
		/failed +404 Not Found \(attempt 2 of 2/);

	const returned = await ctl(s, referd, 'transfer', sid, '486', '603',
		'--wait');
	assert.equal(returned.status, 3);
	assert.match(returned.text, /^failed +486 .*attempt 1 of 2/m);
	assert.match(returned.text, /\nreturned +declined$/);

	const given = new Referctl(s, ['--url', referd.http, 'refer', sid,
		'486', '180', '200', '--wait', '--json']);
	await given.line(/"attempt":2.*"call_status":180/);
	await ctl(s, referd, 'cancel', sid);
	assert.equal((await given.end()).status, 6);
});


scene('transfer --wait ends with what the verb came to', async (s) => {
	const { client, referd } = await s.control();
	const { sid } = await callOfTargets(s, client);
	const { status, text } = await ctl(s, referd, 'transfer', sid, '486',
		'200', '603', '--wait');

	assert.equal(status, 0);
	assert.match(text, /^transferred +200 OK \(notify, attempt 2 of 3/m);
	assert.match(text, /^transferred +200 OK .*\nbridged +completed$/m);
});


scene('cancel gives the transfer up, and says why it cannot', async (s) => {
	const { client, referd } = await s.control();
	const { sid } = await s.call(client, 'ringing', { final: '200 OK' });
	const refer = new Referctl(s, ['--url', referd.http, 'refer', sid,
		'100', '--wait']);

	await refer.line(/180 Ringing/);
	for (const line of [['cancel', sid], ['dial', '100']]) {
		const wrong = await ctl(s, referd, ...line, '--traceparent',
			'x');

		assert.equal(wrong.status, 1);
		assert.match(wrong.text, /^referctl: traceparent must be /);
	}
	assert.deepEqual(await ctl(s, referd, 'cancel', sid),
		{ status: 0, text: '' });
	const { status, text } = await refer.end();
	assert.match(text, /^cancelled +180 .*\(application, low confidence/m);
	assert.equal(status, 6);

	const none = await ctl(s, referd, 'cancel', sid);
	assert.equal(none.status, 1);
	assert.match(none.text, /^referctl: .*no transfer/);
});


scene('the actionHook of refer is asked over HTTP', async (s) => {
	const { agent, referd } = await realCall(s);
	let told;
	const asked = new Promise((resolve) => {
		told = resolve;
	});
	const server = createServer((request, response) => {
		let text = '';

		request.on('data', (d) => {
			text += d;
		});
		request.on('end', () => {
			response.end();
			told([request.url, JSON.parse(text)]);
		});
	});

	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	const url = `http://127.0.0.1:${server.address().port}/done`;
	await ctl(s, referd, 'refer', '-', agent.uri, '--action-hook', url);
	const [path, data] = await asked;
	server.close();

	assert.equal(path, '/done');
	assert.equal(data.outcome, 'transferred');
});


scene('answer answers, and dial --wait says who did', async (s) => {
	const { client, gateway, referd } = await s.control(
		{ gateway: { account: '' } });
	const agent = await s.agent();
	const carrier = await s.carrier();

	await carrier.dial(gateway.uri);
	await client.message('session:new');
	assert.equal((await ctl(s, referd, 'answer', '-')).status, 0);
	await carrier.event('CALL_ESTABLISHED', gateway.uri);

	const dial = await ctl(s, referd, 'dial', agent.uri, '--wait',
		'--header', 'X-A=b', '--timeout', '30', '--node', 'gw');
	const lines = dial.text.split('\n');
	assert.equal(dial.status, 0);
	assert.match(lines[0], /^[0-9a-f-]{36}$/);
	assert.match(lines.at(-1), /^in-progress +200/);
	await agent.event('CALL_ESTABLISHED', gateway.uri);

	const silent = await ctl(s, referd, 'dial', agent.uri);
	assert.match(silent.text, /^[0-9a-f-]{36}$/);
});


scene('dial --wait of who is busy is exit status 3', async (s) => {
	const far = await Far.start(s, { handlers: {
		INVITE: (leg, request) =>
			leg.answer(request, 486, 'Busy Here') } });
	const { referd } = await s.control();
	const { status, text } = await ctl(s, referd, 'dial', far.uri,
		'--wait');

	assert.equal(status, 3);
	assert.match(text.split('\n').at(-1), /^busy +486 Busy Here$/);
});


scene('watch goes on over a restart of referd, and misses nothing',
	async (s) => {
	const { agent, referd, sid } = await realCall(s);

	referd.listen = new URL(referd.http).host;
	const watch = new Referctl(s,
		['--url', referd.http, 'watch', '--json', '--since', '0']);
	const people = new Referctl(s,
		['--url', referd.http, 'watch', '--call', sid, '--since',
			'0']);

	await watch.line(/"call_status":"in-progress"/);
	await people.line(/in-progress/);
	await referd.kill('SIGKILL');
	await referd.run();
	await referd.knows(1);
	await ctl(s, referd, 'refer', '-', agent.uri);
	await watch.line(/"outcome":"transferred"/);
	await people.line(/ transfer:status +transferred +200 OK \(notify\)$/);
	await people.line(/ completed /);

	const seqs = watch.out.items.filter((l) => l.startsWith('{'))
		.map((l) => JSON.parse(l))
		.filter((m) => m.type !== 'hello').map((m) => m.seq);
	assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
	assert.match(people.out.items[0],
		/^\d\d:\d\d:\d\d\.\d{3}  [0-9a-f]{8}  session:new +ringing +inbound call from carrier to gw$/);
	await watch.kill('SIGINT');
	await people.kill('SIGINT');
});


scene('refer --wait gets its result over a restart of referd', async (s) => {
	const { client, referd } = await s.control();
	const { far, sid } = await s.call(client, 'ringing',
		{ final: '200 OK' });
	const refer = new Referctl(s, ['--url', referd.http, 'refer', sid,
		'100', '--wait']);

	referd.listen = new URL(referd.http).host;
	await refer.line(/180 Ringing/);
	await referd.kill('SIGKILL');
	await far.nudge();
	await far.passed();
	await referd.run();

	const { status, text } = await refer.end();
	assert.match(text, /^referctl: lost referd at .*; trying again$/m);
	assert.equal(text.split('\n').at(-1), 'transferred  200 OK (notify)');
	assert.equal(status, 0);
});


scene('each filter of transfers finds, and leaves out', async (s) => {
	const { agent, referd, sid } = await realCall(s);

	await ctl(s, referd, 'refer', '-', agent.uri, '--wait');
	const list = async (...args) => JSON.parse((await ctl(s, referd,
		'transfers', '--json', ...args)).text);

	for (const args of [['--outcome', 'transferred,failed'],
		['--code', '2xx'], ['--target', 'agent@'], ['--node', 'gw'],
		['--call', sid], ['--query', 'carrier'], ['--since', '0'],
		['--from', '2020-01-01T00:00:00Z'],
		['--to', '2999-01-01T00:00:00Z'], ['--limit', '1']])
		assert.equal((await list(...args)).length, 1, args[0]);
	for (const args of [['--outcome', 'failed'], ['--code', '486'],
		['--target', 'bob&x=y'], ['--node', 'gw2'],
		['--call', 'none'], ['--query', 'nobody'],
		['--since', '9999999'], ['--from', '2999-01-01T00:00:00Z'],
		['--to', '2020-01-01T00:00:00Z']])
		assert.equal((await list(...args)).length, 0, args[0]);

	const [{ transfer_id: id }] = await list();
	assert.equal((await list('--before', id)).length, 0);

	const wrong = await ctl(s, referd, 'transfers', '--limit', 'x');
	assert.equal(wrong.status, 1);
	assert.match(wrong.text, /^referctl: .*limit.*$/);
});


scene('send prints the answer, or the sentence', async (s) => {
	const { agent, carrier, referd, sid } = await realCall(s);

	const wrong = await ctl(s, referd, 'send',
		JSON.stringify({ verb: 'sip:refer', call_sid: sid }));
	assert.equal(wrong.status, 1);
	assert.match(wrong.text, /^referctl: .*referTo.*required$/);

	const tag = new Referctl(s, ['--url', referd.http, 'send', '-',
		'--json']);
	tag.input(JSON.stringify([{ verb: 'tag', data: { a: 1 },
		call_sid: sid, msgid: 'm1' }]));
	assert.equal((await tag.end()).status, 0);
	assert.equal(JSON.parse(tag.out.items[0]).msgid, 'm1');

	const ack = await ctl(s, referd, 'send', JSON.stringify(
		{ type: 'ack', msgid: `s-${sid}`, data: [{ verb: 'sip:refer',
			referTo: agent.uri }] }));
	assert.deepEqual(ack, { status: 0, text: '' });
	await agent.event('CALL_ESTABLISHED', carrier.uri);

	for (const text of ['{', '17', ''])
		assert.deepEqual(await ctl(s, referd, 'send', text),
			{ status: 2, text: 'referctl: the message must be ' +
				'a JSON object or array' });
});


scene('a token and TLS, as referd asks for them', async (s) => {
	const { BOT, WALL, file } = tokens(s);
	const cert = certificate(s.dir);
	const referd = await s.referd({ args: ['--token-file', file,
		'--tls-cert', cert, '--tls-key', cert] });
	const node = await Node.connect(referd.socket);
	const { sid } = node.call();
	const run = (...args) => ctl(s, referd, '--ca', cert, ...args);
	const tag = ['send', JSON.stringify({ verb: 'tag', data: { a: 1 },
		call_sid: sid })];

	for (const command of [['calls'], ['watch'], tag]) {
		assert.deepEqual(await run(...command), { status: 1,
			text: `referctl: referd at ${referd.http} requires a ` +
				'token; see --token-file' });
		assert.deepEqual(await run(...command, '--token', 'wrong'),
			{ status: 1, text: `referctl: referd at ` +
				`${referd.http} requires another token; see ` +
				'--token-file' });
	}

	assert.match((await run('calls', '--token', WALL)).text,
		new RegExp(sid));
	assert.deepEqual(await run(...tag, '--token', WALL), { status: 1,
		text: 'referctl: The role observer cannot send commands' });
	assert.deepEqual(await run('hangup', sid, '--token', WALL), {
		status: 1,
		text: 'referctl: The role observer cannot send commands' });

	/* The file of referd itself: its first token is a controller's */
	const sent = await run(...tag, '--token-file', file);
	assert.equal(sent.status, 0, sent.text);

	const watch = new Referctl(s, ['--url', referd.ws, '--ca', cert,
		'watch', '--json', '--since', '0', '--token', BOT]);
	await watch.line(/"type":"session:new"/);
	writeFileSync(file, `wall observer ${WALL}\n`);
	referd.listen = new URL(referd.http).host;
	await referd.kill('SIGTERM');
	await referd.run();
	assert.deepEqual((await watch.end()).status, 1);
	assert.match(watch.out.items.at(-1),
		/^referctl: no connection to referd at .* requires another token; see --token-file$/);

	const { status, text } = await ctl(s, referd, 'calls');
	assert.equal(status, 1);
	assert.match(text, /^referctl: cannot reach referd at .*certificate/);
});


scene('wrong usage is a sentence and exit status 2', async (s) => {
	for (const [args, said] of [
		[[], 'a command is required; see --help'],
		[['fly'], 'fly is not a command; see --help'],
		[['refer', '-'], 'refer takes either TARGET or --replaces'],
		[['refer', '-', 'a', '--replaces', 'b'],
			'refer takes either TARGET or --replaces'],
		[['refer'], 'refer takes CALL TARGET...; see --help'],
		[['calls', 'x'], 'calls takes nothing; see --help'],
		[['calls', '--wait'], 'calls has no option --wait; see --help'],
		[['refer', '-', 'a', '--header', 'X'],
			'--header must be NAME=VALUE, such as X-Ticket=17'],
		[['refer', '-', 'a', '--notify-timeout', 'x'],
			'--notify-timeout must be a number of seconds'],
		[['calls', '--url', 'ftp://a'], 'the URL must be ' +
			'http://127.0.0.1:8080 or wss://HOST/ws, not ftp://a'],
		[['calls', '--token', 'a b'], 'the token must be printable ' +
			'ASCII without spaces'],
		[['calls', '--token-file', '/nowhere'], 'cannot read the ' +
			'token in /nowhere: No such file or directory'],
	]) {
		assert.deepEqual(await new Referctl(s, args).end(),
			{ status: 2, text: `referctl: ${said}` });
	}

	const unknown = await new Referctl(s, ['calls', '--fly']).end();
	assert.equal(unknown.status, 2);
	assert.match(unknown.text, /unrecognized option '--fly'$/);
});


scene('a referd that is not there is a sentence', async (s) => {
	for (const command of [['calls'], ['watch'],
		['send', '{"verb":"answer"}']]) {
		const { status, text } = await new Referctl(s, ['--url',
			'http://127.0.0.1:9', ...command]).end();

		assert.equal(status, 1);
		assert.match(text, /^referctl: (cannot reach|no connection to) referd at http:\/\/127\.0\.0\.1:9: .*$/);
	}
});


/* A stand-in for referd: records each request and its sender. */
async function listener(s, act)
{
	const seen = [];
	const server = createServer((request, response) => {
		seen.push([request.url, request.headers.authorization]);
		response.end('[]');
	});

	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	try {
		await act(`http://127.0.0.1:${server.address().port}`, seen);
	}
	finally {
		server.close();
	}
}


scene('transfers passes each filter on', async (s) => {
	await listener(s, async (url, seen) => {
		await new Referctl(s, ['--url', url, 'transfers', '--outcome',
			'failed,unknown', '--code', '4xx', '--target', 'a&b=c',
			'--node', 'gw', '--call', 'c1', '--query', '+49',
			'--since', '17', '--from', '2025-01-31T10:00:00Z',
			'--to', '2025-02-01', '--before', 't1', '--limit',
			'5']).end();

		assert.deepEqual(Object.fromEntries(new URL(seen[0][0], url)
			.searchParams), { outcome: 'failed,unknown',
			code: '4xx', target: 'a&b=c', node: 'gw',
			call_sid: 'c1', q: '+49', since: '17',
			from: '2025-01-31T10:00:00Z', to: '2025-02-01',
			before: 't1', limit: '5' });
	});
});


scene('options beat the environment, which beats the file', async (s) => {
	const config = join(s.dir, 'home/.config');
	const file = join(config, 'referctl.conf');
	const tokens = join(s.dir, 'token');

	mkdirSync(config, { recursive: true });
	writeFileSync(tokens, '# mine\n\nbot controller from-token-file\n' +
		'more\n');

	await listener(s, async (url, seen) => {
		const last = async (args, env) => {
			const { text, status } = await new Referctl(s,
				['calls', '--json', ...args], { env }).end();

			assert.deepEqual({ text, status },
				{ text: '[]', status: 0 });

			return seen.at(-1);
		};

		writeFileSync(file, `# mine\n\nurl=${url}\n` +
			'token = from-file\n');
		assert.deepEqual(await last([]),
			['/calls', 'Bearer from-file']);
		assert.deepEqual(await last([],
			{ REFERD_TOKEN: 'from-env' }),
			['/calls', 'Bearer from-env']);
		assert.deepEqual(await last([],
			{ REFERD_TOKEN_FILE: tokens }),
			['/calls', 'Bearer from-token-file']);
		assert.deepEqual(await last(['--token', 'given'],
			{ REFERD_TOKEN: 'from-env' }),
			['/calls', 'Bearer given']);
		assert.deepEqual(await last(['--url', `${url}/behind/`]),
			['/behind/calls', 'Bearer from-file']);
		assert.deepEqual(await last([], { REFERD_URL:
			`${url.replace('http', 'ws')}/ws` }),
			['/calls', 'Bearer from-file']);
	});

	for (const [text, said] of [
		['url = http://x\ncolour = red\n', ':2: colour is not a setting'],
		['url\n', ':1: url must be followed by = and a value'],
		['token =\n', ':1: token must have 1 to 511 bytes']]) {
		writeFileSync(file, text);
		assert.deepEqual(await new Referctl(s, ['calls']).end(),
			{ status: 2, text: `referctl: ${file}${said}` });
	}
});


scene('what a far end calls itself does not reach the terminal', async (s) => {
	const bad = JSON.stringify([{ call_sid: 'a', from: '\x1b[2J\u009b2J',
		call_status: 'ringing' }]);
	const server = createServer((_, response) => response.end(bad));

	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	const { text } = await new Referctl(s, ['--url',
		`http://127.0.0.1:${server.address().port}`, 'calls']).end();
	server.close();

	assert.match(text, /\?\[2J\?\?2J/);
	assert.doesNotMatch(text, /[\x1b\u009b]/);
});


scene('--help and --version', async (s) => {
	const { status, text } = await new Referctl(s, ['--help']).end();

	assert.equal(status, 0);
	assert.match(text, /^Usage: referctl /);
	assert.ok(text.split('\n').every((l) => l.length < 80));

	const version = await new Referctl(s, ['--version']).end();
	assert.match(version.text, /^referctl \d+\.\d+\.\d+$/);
});

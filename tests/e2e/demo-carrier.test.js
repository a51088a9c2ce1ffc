/**
 * @file demo-carrier.test.js  The demo's carrier plays each row of carriers.md
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { behaviours } from '../../scripts/demo/behaviours.js';
import { Browser } from './lib/browser.js';
import { seen } from './lib/page.js';
import { Process } from './lib/process.js';
import { scene, settings } from './lib/scene.js';

const demo = join(settings.source, 'scripts/demo.sh');
const main = join(settings.source, 'scripts/demo/main.js');
const docs = readFileSync(join(settings.source, 'docs/carriers.md'), 'utf8');
const [tables] = docs.split('\n## What a bot');
const CARRIER = '10.77.0.2';
const LONG = 60_000;

/* The beginning of the last column of a row */
const RESULT = /\| `(\w+)` \(`([\w:-]+)`\)(?: (\d{3}))?[^|]*\|$/;


/** By NAME: the result of the transfer, as docs/carriers.md states it */
const rows = new Map([...tables.matchAll(/^\| `([a-z0-9-]+)` \|.*$/gm)]
	.map(([row, name]) => {
		const [, outcome, evidence, code] = RESULT.exec(row) ?? [];

		return [name, { outcome, evidence, code: Number(code ?? 0) }];
	}));


/* Starts a program in its own TMPDIR */
function start(s, name, argv)
{
	const tmp = join(s.dir, 'tmp');

	mkdirSync(tmp, { recursive: true });
	const p = new Process(name, argv, { cwd: settings.source,
		env: { TMPDIR: tmp, BUILD_DIR: settings.build } });

	return s.join({ process: p, kill: (signal) => p.kill(signal) }).process;
}


/* Ignores the messages of earlier transfers. */
async function transferred(client, sid, verb)
{
	const from = client.now;

	client.send({ verb: 'sip:refer', call_sid: sid, ...verb });
	const { data } = await client.messages.wait((m) =>
		m.type === 'transfer:status' && m.call_sid === sid &&
		m.data.step === 'ended', `the end of ${JSON.stringify(verb)}`,
	{ from, timeout: LONG });

	return { outcome: data.outcome, evidence: data.evidence,
		code: (data.evidence === 'notify' ? data.call_status :
			data.refer_status) ?? 0 };
}


/* Compares the code only where the row states one. */
function check(name, result)
{
	const expected = rows.get(name);

	assert.deepEqual({ ...result, code: expected.code && result.code },
		expected, name);
}


async function dial(client, http, user)
{
	const response = await fetch(`${http}/calls`, { method: 'POST',
		body: JSON.stringify({ to: `sip:${user}@${CARRIER}` }) });
	const { call_sid } = await response.json();

	assert.ok(call_sid, user);
	await client.messages.wait((m) => m.type === 'call:status' &&
		m.call_sid === call_sid &&
		m.data.call_status === 'in-progress', `the call of ${user}`);

	return call_sid;
}


/* Shorter than the timeouts of a real bot */
const SHORT = { timeouts: { notify: 2, ringing: 2 } };

const isLong = (name) => name === 'bye-then-silence' ||
	rows.get(name).evidence.startsWith('timer:');


async function row(client, http, name)
{
	const sid = await dial(client, http, 'anybody');
	const verb = { referTo: name, ...isLong(name) && SHORT };

	/* The late step in the second transfer is of the first */
	if (name === 'notify-first-late')
		assert.deepEqual(await transferred(client, sid, verb),
			rows.get('busy'));
	check(name, await transferred(client, sid, verb));

	if (name === 'calls-on') {
		client.send({ verb: 'sip:refer', call_sid: sid, referTo: '1' });
		const { data } = await client.message('jambonz:error',
			{ call_sid: sid });
		assert.match(data.error, /may still be calling/);
	}
}


/* Checks that the form of the page offers each name. */
async function listed(s, http)
{
	const b = await Browser.start(s);

	await b.page.goto(http);
	await b.page.locator('.call .item').filter({ hasText: 'carrier' })
		.first().click();
	await seen(b, '#targets option[value="notify-other"]',
		{ state: 'attached' });
	assert.deepEqual(await b.page.locator('#targets option').evaluateAll(
		(options) => options.map((o) => o.value)),
	Object.keys(behaviours));
	await b.page.close();
}


scene('each row of docs/carriers.md comes of the carrier of its name',
	async (s) => {
	const p = start(s, 'demo', [process.execPath, main, '0', 'slow-ack']);

	assert.deepEqual([...rows.keys()].sort(),
		Object.keys(behaviours).sort());

	const line = await p.log.wait((l) => /^ {2}page /.test(l), 'page');
	const http = /http:\/\/[^/]+/.exec(line)[0];
	const client = await s.client({ ws: `${http.replace('http', 'ws')}/ws` });

	/* The calls that the carrier makes: the form has the names */
	const { call_sid: sid } = await client.message('call:status',
		{ call_status: 'in-progress' });
	const call = await (await fetch(`${http}/calls/${sid}`)).json();
	assert.deepEqual(call.sip.headers['X-Demo'].split(', '),
		Object.keys(behaviours));
	check('slow-ack', await transferred(client, sid, { referTo: '100' }));

	/* The carrier behaves by the name that the gateway dials */
	const busy = await dial(client, http, 'busy');
	check('busy', await transferred(client, busy, { referTo: '100' }));

	const names = [...rows.keys()].filter((name) => name !== 'slow-ack');
	const results = await Promise.allSettled([listed(s, http),
		...names.map((name) => row(client, http, name))]);
	assert.deepEqual(results.map((r) => r.reason?.message)
		.filter(Boolean), []);

	/* The carrier calls again when a call is over */
	await p.log.wait((l) => l === 'the call is over', 'end');
	assert.ok(p.log.items.includes('the carrier is asked to call busy: busy'));

	assert.equal(await p.kill('SIGINT'), 130);
	assert.deepEqual(readdirSync(join(s.dir, 'tmp')), []);
});


scene('one transfer of a carrier is shown, whatever becomes of it',
	async (s) => {
	const p = start(s, 'demo', [process.execPath, main, '0', '--once',
		'declined']);

	assert.equal(await p.ended(LONG), 0);
	const [{ data }] = p.log.filter((l) => l.startsWith('{'))
		.map((l) => JSON.parse(l)).filter((m) =>
			m.type === 'transfer:status' && m.data.step === 'ended');

	assert.equal(data.outcome, 'failed');
	assert.equal(data.call_status, 603);
	assert.ok(p.log.items.includes('demo.sh: the carrier is declined, ' +
		'and the transfer is failed (notify)'));
});


scene('the demo lists its carriers, and knows no others', async () => {
	const run = (...args) => spawnSync(demo, args, { encoding: 'utf8' });
	const list = run('--carrier', 'list');

	assert.equal(list.status, 0);
	assert.deepEqual(list.stdout.trim().split('\n')
		.map((l) => l.split(' ')[0]), [...rows.keys()]);

	for (const [args, pattern] of [
		[['--carrier', 'nobody'], /^demo\.sh: knows no carrier nobody; .*list/],
		[['--carrier=.*'], /^demo\.sh: knows no carrier \.\*; /],
		[['--carrier'], /^demo\.sh: --carrier needs a NAME, or list$/],
		[['--carrier', 'busy', '--fleet'],
			/^demo\.sh: --carrier has one gateway, and --fleet has/],
	]) {
		const { status, stderr } = run(...args);

		assert.equal(status, 1);
		assert.match(stderr.trim(), pattern);
	}
});

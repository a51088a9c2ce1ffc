/**
 * @file fleet-demo.test.js  The demo of a fleet, which checks itself
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NO_FLEET } from './lib/nats.js';
import { Process } from './lib/process.js';
import { scene, settings } from './lib/scene.js';

const TIME = 300_000; /* ms */
const demo = join(settings.source, 'scripts/demo.sh');


/* Starts the demo in its own TMPDIR, which it must leave empty. */
function start(s, ...args)
{
	const tmp = join(s.dir, 'tmp');

	mkdirSync(tmp, { recursive: true });
	const p = new Process('demo', [demo, '--fleet', ...args],
		{ cwd: settings.source, env: { TMPDIR: tmp,
			BUILD_DIR: settings.build } });

	s.join({ process: p, kill: (signal) => p.kill(signal) });

	return p;
}


function nothingLeft(s)
{
	assert.deepEqual(readdirSync(join(s.dir, 'tmp')), []);
}


/* The messages that each of the three received, as lines of JSON. */
function heard(p)
{
	const messages = p.log.filter((l) => l.startsWith('{'))
		.map((l) => JSON.parse(l));

	return ['gw1', 'gw2', 'gw3'].map((name) => messages.filter((m) =>
		m.at === name && m.type === 'transfer:status')
		.map((m) => [m.seq, m.member, m.data.step, m.data.outcome]));
}


scene('the call of one is transferred from the endpoint of another',
	async (s) => {
	const p = start(s, '--once');

	assert.equal(await p.ended(TIME), 0, p.log.items.join('\n'));
	nothingLeft(s);

	const [gw1, gw2, gw3] = heard(p);

	assert.ok(gw1.length >= 3);
	assert.deepEqual(gw1.at(-1).slice(1), ['gw2', 'ended', 'transferred']);
	assert.deepEqual(gw2, gw1);
	assert.deepEqual(gw3, gw1);
}, { skip: NO_FLEET });


scene('whatever it kills, all members have one history', async (s) => {
	const p = start(s, '--once', '--kill');

	assert.equal(await p.ended(TIME), 0, p.log.items.join('\n'));
	nothingLeft(s);

	const [gw1, gw2, gw3] = heard(p).map((list) => list
		.filter(([, , step]) => step === 'ended')
		.map(([, member, , outcome]) => [member, outcome]));

	assert.deepEqual(gw2, gw1);
	assert.deepEqual(gw3, gw1);
	/* A member that is cut off may publish its transfer last. */
	assert.deepEqual([...gw1].sort(), ['gw1', 'gw2', 'gw2', 'gw3']
		.map((m) => [m, 'transferred']));
}, { skip: NO_FLEET });


scene('three pages are shown, and Ctrl-C leaves nothing', async (s) => {
	const p = start(s, '--port', '0');
	const line = await p.log.wait((l) => /^ {2}pages /.test(l),
		'the line of the pages', { timeout: TIME });
	const pages = line.trim().split(/ +/).slice(1);

	assert.equal(pages.length, 3);
	for (const name of ['gw1', 'gw2', 'gw3'])
		await p.log.wait((l) => l ===
			`the carrier has called in at ${name}`, 'call',
		{ timeout: TIME });
	for (const page of pages)
		assert.equal((await fetch(page)).status, 200);
	assert.notEqual(await p.kill('SIGINT'), 'SIGKILL');
	nothingLeft(s);
}, { skip: NO_FLEET });

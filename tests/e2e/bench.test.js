/**
 * @file bench.test.js  The measurements work; their results are not judged
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { NO_FLEET } from './lib/nats.js';
import { Process } from './lib/process.js';
import { settings } from './lib/settings.js';

const TIME = 400_000; /* ms */


/** Runs a program of tests/bench; returns its exit status and its output */
async function bench(name, ...args)
{
	const p = new Process(name, ['node', join(settings.source,
		'tests/bench', name), ...args],
	{ env: { SOURCE_DIR: settings.source, BUILD_DIR: settings.build } });
	const status = await p.ended(TIME);

	return { status, text: p.log.items.join('\n') };
}


/* Runs measurements quickly; each table must have rows, each row figures */
async function measured(...names)
{
	const { status, text } = await bench('run.js', '--quick', '--json',
		...names);

	assert.equal(status, 0, text);

	const results = JSON.parse(text);

	assert.deepEqual(Object.keys(results), names);
	for (const { title, rows } of Object.values(results).flat()) {
		assert.ok(rows.length, title);
		for (const value of rows.flatMap(Object.values))
			assert.ok(value !== undefined && value !== null &&
				!Number.isNaN(value), title);
	}

	return results;
}


test('each measurement gives its table', async () => {
	const results = await measured('latency', 'burst', 'rate', 'live',
		'fanout', 'growth', 'stops', 'savings', 'gaps');

	const controls = results.latency.map(({ rows }) => rows
		.filter((r) => /^(referd|embedded)$|^ctrl_tcp/.test(r.control))
		.map((r) => [r.control, r.transfers]));
	const of = (...names) => ['referd', 'embedded', ...names]
		.map((n) => [n, 4]);

	if (settings.baresipVersion === '1.1')
		assert.deepEqual(controls[0], of());
	else
		assert.deepEqual(controls, [of('ctrl_tcp', 'ctrl_tcp-relay'),
			[], of('ctrl_tcp', 'ctrl_tcp-relay'), [],
			of('ctrl_tcp-plain'), []]);
	assert.deepEqual(results.rate[0].rows.map((r) => [r.control, r.lost]),
		[['referd', 0], ['embedded', 0], ...settings.baresipVersion === '1.1' ? [] :
			[['ctrl_tcp', 0]]]);
	assert.deepEqual(results.burst[0].rows.map((r) =>
		[r.control, r.calls, r.transferred, r.lost]),
	[['referd', 4, 4, 0], ['embedded', 4, 4, 0]]);
	assert.deepEqual(results.gaps.map(({ rows }) => rows.length),
		[settings.baresipVersion === '1.1' ? 2 : 3,
			settings.baresipVersion === '1.1' ? 2 : 3, 5]);
	assert.ok(results.gaps.slice(1).every(({ rows }) =>
		rows.every((r) => r.turns > 0)));
});


test('so does that of a fleet', { skip: NO_FLEET || (settings.sanitize &&
	'the servers make it last for minutes, and are not sanitized') },
async () => {
	await measured('fleet');
});


test('a measurement that is not known is told in a sentence', async () => {
	const { status, text } = await bench('run.js', 'speed');

	assert.equal(status, 1);
	assert.equal(text, 'bench: speed is none of ' +
		'latency, burst, rate, live, fanout, growth, stops, savings, ' +
		'sync, gaps, fleet');
});


test('transfers without end lose none', async () => {
	const { status, text } = await bench('soak.js', '--minutes', '0.1',
		'--rate', '20');

	assert.match(text, /^140 transfers, 140 of them told/m);
	assert.equal(status, 0, text);
});

/**
 * @file memory.test.js  The module in baresip under valgrind
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scene } from './lib/scene.js';
import { whyNoValgrind } from './lib/valgrind.js';

const ANSWERED = { answer: 'SIP/2.0 202 Accepted', final: '200 OK' };


/* The records of valgrind's report that mention our module. */
function ours(report)
{
	return report.replace(/^==\d+== ?/gm, '').split(/\n\n+/)
		.filter((record) => record.includes('sip_refer'));
}


scene('valgrind finds nothing of ours', async (s) => {
	const report = join(s.dir, 'valgrind.log');
	const { client, gateway } = await s.control({ gateway: {
		wrap: ['valgrind', '--leak-check=full', '--num-callers=40',
			'--show-leak-kinds=all', '--keep-debuginfo=yes',
			`--log-file=${report}`],
	} });

	for (const keys of [ANSWERED,
		{ ...ANSWERED, final: '486 Busy Here' }]) {
		const { sid } = await s.call(client, 'transfer', keys);

		client.send({ verb: 'sip:refer', referTo: '100',
			call_sid: sid, headers: { 'X-Ticket': '17' } });
		await client.message('transfer:status',
			{ call_sid: sid, step: 'ended' });
		client.send({ verb: 'sip:refer', call_sid: sid });
	}

	/* And one that is in progress when baresip quits. */
	const { sid } = await s.call(client, 'ringing', { final: '200 OK' });
	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });
	await client.message('transfer:status',
		{ call_sid: sid, call_status: 180 });

	await gateway.quit();
	assert.deepEqual(ours(readFileSync(report, 'utf8')), []);
}, { skip: whyNoValgrind() });

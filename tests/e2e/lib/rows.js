/**
 * @file rows.js  A referd's record of live calls, compared with the real ones
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { http } from './http.js';
import { settings } from './settings.js';

/* ms; the report of a recent end may still be on its way to referd */
const SETTLE_TIME = 10_000;
const LOOK_TIME = 50;
const HOOK_TIME = 30_000;

const run = promisify(execFile);


/* The rows on disk after the end of a referd: keys of `sessions`, `dials` */
async function rows(referd)
{
	const file = join(referd.state, 'referd.db');
	const { stdout } = await run(settings.rows, [file]);

	return { dials: [], ...JSON.parse(stdout) };
}


/** Waits until no hook is open: referd sends or repeats none after that. */
export async function hooksOver(referd)
{
	for (let i = 0; i < HOOK_TIME; i += LOOK_TIME) {
		if (gauge(await get(referd, '/metrics'),
			'referd_hooks_waiting') === 0)
			return;
		await sleep(LOOK_TIME);
	}

	assert.fail(`hooks are still open after ${HOOK_TIME} ms`);
}


/* The headers of an authorized client */
function headers({ args })
{
	const at = args.lastIndexOf('--token-file');

	if (at < 0)
		return {};

	const line = readFileSync(args[at + 1], 'utf8').split('\n')
		.find((l) => /^\s*[^#\s]/.test(l));

	return { Authorization: `Bearer ${line?.trim().split(/\s+/)[2]}` };
}


async function get(referd, path)
{
	const { status, text } = await http(referd.http + path,
		{ headers: headers(referd), rejectUnauthorized: false });

	assert.equal(status, 200, `${path}: ${text}`);

	return text;
}


function gauge(metrics, name)
{
	return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)[1]);
}


async function look(referd)
{
	const [calls, metrics] = await Promise.all([get(referd, '/calls'),
		get(referd, '/metrics')]);

	return {
		calls: JSON.parse(calls),
		counted: gauge(metrics, 'referd_calls'),
		nodes: gauge(metrics, 'referd_nodes'),
		transfers: gauge(metrics, 'referd_transfers_running'),
		dials: gauge(metrics, 'referd_dials_waiting'),
		writable: gauge(metrics, 'referd_store_writable'),
	};
}


/* The differences between its reports and the real state, in a sentence each.
   A node that is not a baresip may leave a dial without an answer. */
function untrue({ calls, counted, dials, nodes }, gateways)
{
	const wrong = [];

	if (counted !== calls.length)
		wrong.push(`${calls.length} calls are told, ${counted} counted`);
	if (dials && nodes <= gateways.length)
		wrong.push(`${dials} dials are never answered`);

	for (const { name, reported } of gateways) {
		const ours = calls.filter((c) => c.node === name &&
			c.call_status === 'in-progress').length;

		if (ours !== reported().length)
			wrong.push(`${name} has ${reported().length} calls ` +
				`up, referd ${ours}`);
	}

	return wrong;
}


/**
 * Compares the reports of a referd with the real state: they soon match
 *
 * @param gateways `name` and `reported()` of each baresip that is linked to it
 *
 * @return Its reports, for assertRows()
 */
export async function assertLives(referd, gateways = [])
{
	const end = Date.now() + SETTLE_TIME;

	for (;;) {
		const seen = await look(referd);
		const wrong = untrue(seen, gateways);

		if (!wrong.length)
			return seen;
		assert.ok(Date.now() < end, wrong.join('; '));
		await sleep(LOOK_TIME);
	}
}


/* The differences on disk. A call may end before its transfer. `gone`: the
   calls have ended with referd. */
function astray(kept, { calls, transfers, dials }, gone)
{
	const live = new Set(calls.map((c) => c.call_sid));
	const sessions = new Set(kept.sessions);
	const running = new Set(kept.transfers);
	const wrong = [
		...kept.sessions.filter((sid) => !live.has(sid) &&
			!running.has(sid))
			.map((sid) => `session ${sid} is kept, its call is over`),
		...[...live].filter((sid) => !sessions.has(sid) && !gone)
			.map((sid) => `call ${sid} lives, and is not kept`),
		...kept.transfers.filter((sid) => !sessions.has(sid))
			.map((sid) => `a transfer of ${sid} goes on without it`),
	];

	if (kept.transfers.length > transfers ||
		kept.transfers.length < transfers && !gone)
		wrong.push(`${transfers} transfers run, ` +
			`${kept.transfers.length} are kept`);
	if (kept.dials.length > dials)
		wrong.push(`dials ${kept.dials} are kept`);

	return wrong;
}


/**
 * Compares the store of a referd that has just ended with the last state
 *
 * @param seen The result of assertLives()
 */
export async function assertRows(referd, seen)
{
	/* baresip reports again anything that referd could not write */
	if (!seen.writable)
		return;

	assert.deepEqual(astray(await rows(referd), seen, referd.hasCalls), []);
}

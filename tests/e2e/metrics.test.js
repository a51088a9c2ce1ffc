/**
 * @file metrics.test.js  /metrics, in the form that Prometheus reads
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from './lib/client.js';
import { Node } from './lib/node.js';
import { Process } from './lib/process.js';
import { scene, settings } from './lib/scene.js';
import { until } from './lib/until.js';

const share = join(settings.source, 'share');
const rules = join(share, 'prometheus/referd.rules.yml');

/* Installed, or unpacked: an installed package would start Prometheus */
const program = (name) => ['/usr/bin',
	join(settings.source, 'build-tools/prometheus/usr/bin')]
	.map((dir) => join(dir, name)).find(existsSync);
const skip = !program('prometheus') && 'prometheus is missing';


async function metrics(referd)
{
	const response = await fetch(`${referd.http}/metrics`);

	return response.text();
}


/* The value of one sample; its labels must be in the given order */
function value(text, sample)
{
	const line = text.split('\n').find((l) => l.startsWith(`${sample} `));

	return line && Number(line.slice(sample.length + 1));
}


function promtool(args, input)
{
	return spawnSync(program('promtool'), args,
		{ input, encoding: 'utf8' });
}


async function start(s)
{
	const referd = await s.referd();
	const node = await Node.connect(referd.socket, 'g"w\\1');
	const client = await Client.connect(referd.ws);

	return { referd, node, client };
}


/* Runs a transfer of a new call to its end */
async function transfer({ node, client }, status)
{
	const call = node.call();

	await client.message('session:new', { call_sid: call.sid });
	client.send({ verb: 'sip:refer', referTo: '1', call_sid: call.sid });
	const t = await node.transfer(call);

	t.end(status);
	node.closed(call);
	await client.message('transfer:status', { transfer_id: t.id,
		step: 'ended' });
}


scene('each has help, and promtool has nothing to say', async (s) => {
	const all = await start(s);

	await transfer(all, 200);
	await transfer(all, 486);

	const text = await metrics(all.referd);
	const { status, stdout, stderr } = promtool(['check', 'metrics'], text);

	assert.equal(status, 0, stdout + stderr);
	assert.equal(stdout + stderr, '');
	for (const [, name] of text.matchAll(/^# TYPE (\S+)/gm))
		assert.match(text, new RegExp(`^# HELP ${name} \\S.*\\.$`, 'm'));

	/* No label has more values than the objects that it names */
	const labels = new Set([...text.matchAll(/[{,](\w+)="/g)]
		.map(([, name]) => name));

	assert.deepEqual([...labels].sort(),
		['fate', 'le', 'node', 'outcome', 'reason', 'result',
			'version']);
	all.client.close();
}, { skip });


scene('it tells of times, baresips, the store and the process', async (s) => {
	const all = await start(s);
	const call = all.node.call();

	await transfer(all, 200);
	all.client.send({ verb: 'sip:refer', referTo: '1',
		call_sid: call.sid });
	const waits = await all.node.transfer(call);

	await all.client.message('transfer:status', { transfer_id: waits.id });

	const text = await metrics(all.referd);
	const node = 'node="g\\"w\\\\1"';

	assert.equal(value(text, 'referd_build_info{version="0.2.0"}'), 1);
	assert.equal(value(text, 'referd_refer_answer_seconds_count'), 1);
	assert.equal(value(text,
		'referd_refer_answer_seconds_bucket{le="120"}'), 1);
	assert.equal(value(text,
		'referd_transfer_seconds_count{outcome="transferred"}'), 1);
	assert.equal(value(text, 'referd_transfer_seconds_bucket' +
		'{outcome="failed",le="+Inf"}'), 0);
	assert.ok(value(text, 'referd_hook_seconds_count') >= 0);
	assert.ok(value(text, 'referd_loop_turn_seconds_count') > 5);
	assert.equal(value(text, `referd_node_up{${node}}`), 1);
	assert.equal(value(text, `referd_node_calls{${node}}`), 1);
	assert.equal(value(text,
		`referd_node_transfers_running{${node}}`), 1);
	assert.equal(value(text, `referd_node_refers_waiting{${node}}`), 1);
	assert.ok(value(text, 'referd_store_writes_total') > 0);
	assert.ok(value(text, 'process_open_fds') > 5);
	assert.ok(value(text, 'process_resident_memory_bytes') > 1e6);
	assert.ok(Math.abs(value(text, 'process_start_time_seconds') -
		Date.now() / 1000) < 600);

	await until(async () => value(await metrics(all.referd),
		'referd_store_bytes') > 0 &&
		value(await metrics(all.referd),
			'referd_store_oldest_message_timestamp_seconds') > 1e9,
	'the size of the store');

	waits.end(486);
	all.node.closed(call);
	await all.client.message('call:status', { call_sid: call.sid,
		call_status: 'completed' });
	all.node.disconnect();
	await all.client.message('node:status', { connected: false });
	assert.equal(value(await metrics(all.referd),
		`referd_node_up{${node}}`), 0);
	all.client.close();
});


scene('a client that another replaces is counted', async (s) => {
	const referd = await s.referd();
	const first = await Client.connect(`${referd.ws}?client=bot`);
	const second = await Client.connect(`${referd.ws}?client=bot`);

	await until(async () => value(await metrics(referd),
		'referd_clients_dropped_total{reason="replaced"}') === 1,
	'one that was replaced');
	assert.equal(value(await metrics(referd),
		'referd_clients_dropped_total{reason="lagging"}'), 0);
	first.close();
	second.close();
});


/* Names in an expression that only Prometheus itself, or a client of it,
   provides */
const names = (text) => new Set(text.match(/\b(referd|process)_\w+/g));


scene('rules and dashboard ask for what there is', async (s) => {
	const { referd, client } = await start(s);
	const text = await metrics(referd);
	const there = (name) => text.includes(`\n${name}{`) ||
		text.includes(`\n${name} `) ||
		['referd_fleet_up'].includes(name);
	const dashboard = JSON.parse(readFileSync(
		join(share, 'grafana/referd.json'), 'utf8'));
	const exprs = dashboard.panels.flatMap((p) =>
		p.targets.map((t) => t.expr));

	for (const name of names(readFileSync(rules, 'utf8')
		.replace(/^ *#.*$/gm, '')))
		if (!name.endsWith('_rules'))
			assert.ok(there(name), name);
	assert.ok(exprs.length >= 12);
	for (const expr of exprs)
		for (const name of names(expr))
			assert.ok(there(name), name);
	client.close();
});


scene('a real Prometheus loads the rules, and scrapes', async (s) => {
	const { referd } = await start(s);
	const config = s.path('prometheus.yml');
	const { status, stdout } = promtool(['check', 'rules', rules]);

	assert.equal(status, 0, stdout);
	writeFileSync(config, `
rule_files: [${rules}]
scrape_configs:
  - job_name: referd
    scrape_interval: 1s
    static_configs: [{targets: ['${new URL(referd.http).host}']}]
`);
	const p = new Process('prometheus', [program('prometheus'),
		`--config.file=${config}`, `--storage.tsdb.path=${s.path('tsdb')}`,
		'--web.listen-address=127.0.0.1:9090']);

	s.join({ process: p, kill: (signal) => p.kill(signal) });

	const ask = async (path) => (await (await fetch(
		`http://127.0.0.1:9090/api/v1/${path}`)).json()).data;

	await until(async () => {
		const { result } = await ask('query?query=referd_build_info');

		return result.length === 1 && result[0].value[1] === '1';
	}, 'scrape', 60_000);

	const { groups } = await ask('rules');

	assert.ok(groups[0].rules.length >= 5);
	await until(async () => (await ask('rules')).groups[0].rules
		.every((r) => r.health === 'ok' || r.health === 'unknown'),
	'sound rules', 60_000);
}, { skip });

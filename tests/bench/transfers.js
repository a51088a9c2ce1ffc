/**
 * @file transfers.js  How long transfers take, one by one and many at once
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { Driver, FAR, withPeers } from './driver.js';
import { percentile } from './figures.js';
import { Asterisk, Inside, Janus, Ours, pids, Relay, Stock }
	from './peers.js';
import { cpu, descriptors, memory } from './procfs.js';

/** Memory and CPU time of the processes of peers, at one moment. */
function look(peers)
{
	return new Map(peers.map((p) => [p, { cpu: cpu(pids(p)),
		memory: memory(pids(p)), fds: descriptors(pids(p)) }]));
}


/* Figures of the transfers */
function row(samples, cpuEach)
{
	const p = (key, share) => percentile(samples.map((s) => s[key]), share);

	return { 'transfers': samples.length,
		'REFER p50': p('refer', 0.5), 'p90': p('refer', 0.9),
		'p99': p('refer', 0.99), 'final p50': p('final', 0.5),
		'final p90': p('final', 0.9), 'final p99': p('final', 0.99),
		'NOTIFY p50': p('notify', 0.5), 'NOTIFY p90': p('notify', 0.9),
		'NOTIFY p99': p('notify', 0.99), 'CPU': cpuEach };
}


/** The figures to report ratios of. */
const RATIOS = ['REFER p50', 'final p50', 'final p99', 'CPU'];

/** Ours as ratios to the others: more than 1 is more than theirs. */
function ratios(rows)
{
	const isOurs = (row) => OURS.includes(row.control);
	const others = rows.filter((row) => !isOurs(row));

	return rows.filter(isOurs).flatMap((row) => others.map((other) => ({
		'ours': row.control, 'to': other.control,
		...Object.fromEntries(RATIOS.map((key) =>
			[key, row[key] / other[key]])) })));
}


const REST = 20; /* ms */

const OURS = ['referd', 'embedded'];

const ours = (dir) => Ours.start(dir);
const inside = (dir) => Inside.start(dir);
const stock = (ip, type) => (dir) => Stock.start(dir, { ip, type });


/* All that are installed, but for a client that waits by itself: while it
   does, the machine falls asleep, and wakes for whose turn is next */
function all()
{
	const start = { ours, ...Inside.available() && { inside } };

	if (Stock.available()) {
		start.quickack = stock('10.77.0.4', 'ctrl_tcp');
		start.relay = (dir) => Relay.start(dir, { ip: '10.77.0.8' });
	}
	if (Janus.available())
		start.janus = (dir) => Janus.start(dir,
			{ ip: '10.77.0.6', far: FAR });
	if (Asterisk.available())
		start.asterisk = (dir) => Asterisk.start(dir,
			{ ip: '10.77.0.7' });

	return start;
}


/**
 * Latency: every control has a batch of calls up, which are transferred one
 * by one, the controls by turns: at once, and with a rest between two, after
 * which everything is cold. Then beside an ordinary client.
 *
 * @param options `quick`: a short run. `transfers` of each; `batch`: live
 *                calls of each
 */
export async function latency(options = {})
{
	const tables = [
		...await series(all(), 0, '', options),
		...await series(all(), REST,
			`, each ${REST} ms after the one before`, options),
	];

	if (Stock.available())
		tables.push(...await series({ ours,
			...Inside.available() && { inside }, plain: stock('10.77.0.5', 'ctrl_tcp-plain') }, 0,
		', beside an ordinary client', options));

	return tables;
}


export async function series(start, rest, when, { quick, ...options })
{
	const { transfers, batch } = { transfers: 1000, batch: 20,
		...(quick && { transfers: 4, batch: 2 }), ...options };

	return withPeers(start, async (peers) => {
		const run = new Driver('series', batch, rest,
			...peers.map((p) => p.control));
		const used = new Map(peers.map((p) => [p,
			{ cpu: 0, memory: 0, fds: 0 }]));
		const samples = [];

		let before = look(peers);
		for (let n = 0; n < transfers; n += batch) {
			await run.until('up');
			const up = look(peers);
			run.go();
			samples.push(...await run.until('over'));
			const over = look(peers);

			for (const p of peers) {
				used.get(p).cpu += over.get(p).cpu -
					up.get(p).cpu;
				if (n > 0)
					continue;
				for (const key of ['memory', 'fds'])
					used.get(p)[key] = (up.get(p)[key] -
						before.get(p)[key]) / batch;
			}
			before = over;
			if (n + batch < transfers)
				run.go('more');
		}
		await run.end();

		const rows = peers.map((p) => ({ 'control': p.name,
			...row(samples.filter((s) => s.control === p.name),
				used.get(p).cpu / transfers),
			'KiB per call': used.get(p).memory,
			'fds per call': used.get(p).fds }));

		return [
			{ title: 'Latency of one transfer among ' +
				`${batch} live calls${when}, and its cost ` +
				'(µs)', rows },
			...ratios(rows).length ? [{ title: `Ratios${when}`,
				rows: ratios(rows) }] : [],
		];
	});
}


/* One baresip has descriptors for about 500 calls. */
const PER_GATEWAY = 500;


/* The addresses of as many baresips as so many calls need */
function addresses(calls)
{
	return Array.from({ length: Math.ceil(calls / PER_GATEWAY) },
		(_, i) => `10.77.0.${1 + i}`);
}


async function burstOf(name, calls, ips, start)
{
	return withPeers({ start }, async ([peer]) => {
		const before = look([peer]).get(peer);
		const run = new Driver('burst', calls, peer.control);

		await run.until('up');
		const up = look([peer]).get(peer);
		const used = () => peer.processes.map((p) => cpu([p.pid]));
		const begin = used();
		run.go();
		const lines = await run.until('over');
		const cpus = used().map((us, i) => (us - begin[i]) / calls);
		await run.end();

		const total = lines.pop();
		const final = (share) => percentile(lines.map((l) => l.final),
			share);
		const referd = peer.name === 'referd' ? cpus.shift() : 0;

		return {
			'calls': calls,
			'control': name,
			'baresips': ips.length,
			'transferred': total.transferred,
			'lost': calls - total.transferred,
			'all after': total.all,
			'final p50': final(0.5),
			'final p99': final(0.99),
			'REFERs again': total.refers_again,
			'NOTIFYs again': total.notifies_again,
			'CPU baresip': cpus.reduce((a, b) => a + b),
			'CPU referd': referd,
			'KiB per call': (up.memory - before.memory) / calls,
		};
	});
}


/**
 * Bursts: all live calls are transferred at once
 *
 * @param options `quick`: a short run. `sizes`: how many calls
 */
export async function burst({ quick, ...options } = {})
{
	const { sizes } = { sizes: [50, 100, 200, 500, 1000],
		...(quick && { sizes: [4] }), ...options };
	const rows = [];

	for (const calls of sizes) {
		const ips = addresses(calls);

		rows.push(await burstOf('referd', calls, ips,
			(dir) => Ours.start(dir, { ips })));
		if (Inside.available() && ips.length === 1)
			rows.push(await burstOf('embedded', calls, ips,
				inside));
	}

	return [{ title: 'Live calls transferred at once (µs; CPU per ' +
		'transfer)', rows }];
}


async function among(calls, transfers)
{
	const ips = addresses(calls);

	return withPeers({ ours: (dir) => Ours.start(dir, { ips }) },
		async ([ours]) => {
			const run = new Driver('live', calls, transfers,
				ours.control);

			await run.until('up');
			const before = look([ours]).get(ours);
			run.go();
			const samples = await run.until('done');
			const after = look([ours]).get(ours);
			run.go();
			await run.until('over');
			await run.end();

			return { 'live calls': calls, 'baresips': ips.length,
				...row(samples, (after.cpu - before.cpu) /
					transfers) };
		});
}


/* Fewer calls than transfers: new ones come when all are transferred */
async function amongFew(calls, transfers)
{
	const [{ rows }] = await series({ ours }, 0, '',
		{ transfers, batch: calls });
	const { control: _, 'KiB per call': _kib, 'fds per call': _fds,
		...figures } = rows[0];

	return { 'live calls': calls, 'baresips': 1, ...figures };
}


/**
 * The cost of a transfer as live calls grow
 *
 * @param options `quick`: a short run. `sizes`: how many calls live;
 *                `transfers`: how many of them are transferred
 */
export async function live({ quick, ...options } = {})
{
	const { sizes, transfers } = { sizes: [1, 10, 50, 100, 500, 1000, 2000],
		transfers: 50, ...(quick && { sizes: [1, 4], transfers: 2 }),
		...options };
	const rows = [];

	for (const calls of sizes)
		rows.push(await (calls < transfers ? amongFew : among)(calls,
			transfers));

	return [{ title: 'One transfer among a number of live calls (µs)', rows }];
}


/* Transfers at a rate per second. ctrl_tcp transfers the current call, so only
   one call exists at a time. */
export async function at(rate, seconds, name, start, more = () => ({}))
{
	return withPeers({ peer: start }, async ([peer]) => {
		const before = cpu(pids(peer));
		const run = new Driver('load', peer.many ? CALLS : 1, rate,
			seconds, peer.control);
		const lines = await run.until('over');
		const used = cpu(pids(peer)) - before;
		const total = lines.at(-1);
		const last = lines.filter((l) => l.second).at(-1);
		const samples = lines.filter((l) => l.control);
		const final = (share) => percentile(
			samples.map((l) => l.final), share);

		await run.end();

		return {
			'per second': rate,
			'control': name,
			'made per second': total.transferred * 1e6 / total.all,
			'lost': total.placed - total.transferred,
			'final p50': final(0.5),
			'final p99': final(0.99),
			'REFERs again': last?.refers_again ?? 0,
			'CPU': used / total.transferred,
			...await more(peer),
		};
	});
}


const CALLS = 200; /* at once, at most */


/**
 * How many transfers per second there may be, until libre has 32 s of them in
 * its lists
 *
 * @param options `quick`: a short run. `rates` per second; `seconds`
 */
export async function rate({ quick, ...options } = {})
{
	const { rates, seconds } = { rates: [50, 100, 200, 400], seconds: 45,
		...(quick && { rates: [20], seconds: 1 }), ...options };
	const rows = [];

	for (const perSecond of rates) {
		rows.push(await at(perSecond, seconds, 'referd', ours));
		if (Inside.available())
			rows.push(await at(perSecond, seconds, 'embedded',
				inside));
		if (Stock.available())
			rows.push(await at(perSecond, seconds, 'ctrl_tcp',
				stock('10.77.0.4', 'ctrl_tcp')));
	}

	return [{ title: 'A constant rate of transfers, each from INVITE to ' +
		'BYE (µs; CPU per transfer)', rows }];
}

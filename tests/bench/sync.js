/**
 * @file sync.js  The cost of writing to disk before sending
 *
 * The same with --sync kill and with --sync power, side by side.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { Ours } from './peers.js';
import { at, series } from './transfers.js';

/* The driver knows two controls that are a referd; each has baresips of its
   own */
const WAYS = {
	kill: { name: 'referd', ips: ['10.77.0.1'] },
	power: { name: 'embedded', ips: ['10.77.0.9'] },
};


function start(way)
{
	return (dir) => Ours.start(dir,
		{ ...WAYS[way], args: ['--sync', way] });
}


/* One by one, by turns. */
async function latency({ transfers, batch })
{
	const [{ rows }] = await series({ kill: start('kill'),
		power: start('power') }, 0, '', { transfers, batch });

	return Object.keys(WAYS).map((way) => {
		const { control, ...figures } = rows.find((r) =>
			r.control === WAYS[way].name);

		return { 'sync': way, 'transfers': figures.transfers,
			...Object.fromEntries(['REFER p50', 'p99', 'final p50',
				'final p99', 'CPU'].map((k) =>
				[k === 'p99' ? 'REFER p99' : k, figures[k]])) };
	});
}


/* How many turns an fdatasync() covers, and how long it takes [us]. */
async function syncs({ referd })
{
	const text = await (await fetch(`${referd.http}/metrics`)).text();
	const value = (name) => Number(
		new RegExp(`^${name} (\\S+)$`, 'm').exec(text)[1]);
	const count = value('referd_sync_seconds_count');

	return { 'turns': value('referd_store_writes_total'), 'syncs': count,
		'mean sync': count && 1e6 *
			value('referd_sync_seconds_sum') / count };
}


/**
 * Sync: transfers with --sync kill and power
 *
 * @param options `quick`: a short run. `transfers` one by one, `batch`: live
 *                calls; `rates` per second, the last one is more than there
 *                can be; `seconds`
 */
export async function sync({ quick, ...options } = {})
{
	const size = { transfers: 1000, batch: 20, rates: [100, 600],
		seconds: 8, ...(quick && { transfers: 4, batch: 2,
			rates: [20], seconds: 1 }), ...options };
	const rows = [];

	for (const rate of size.rates) {
		for (const way of Object.keys(WAYS)) {
			const { control, ...row } = await at(rate, size.seconds,
				way, start(way), syncs);

			rows.push({ 'sync': control, ...row });
		}
	}

	return [{ title: 'One transfer, with --sync kill and power (µs)',
		rows: await latency(size) },
	{ title: 'Many, each from INVITE to BYE (µs)', rows }];
}

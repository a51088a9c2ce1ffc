/**
 * @file audio.js  WAV files of one level each, and their detection in RTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const RTP_HEADER = 12;
const RATE = 8000;
const LOUD = 0x20; /* of PCMU; its echo is louder than half of that */
const PACKET = 20; /* ms */
const LOOK = 5;    /* ms */
const PATIENCE = 20_000; /* ms */


/** Writes a WAV file of `seconds` in which each sample is `level`. */
export function writeWav(path, level, seconds)
{
	const samples = Math.round(RATE * seconds);
	const b = Buffer.alloc(44 + 2 * samples);

	b.write('RIFF', 0);
	b.writeUInt32LE(b.length - 8, 4);
	b.write('WAVEfmt ', 8);
	b.writeUInt32LE(16, 16);
	b.writeUInt16LE(1, 20);
	b.writeUInt16LE(1, 22);
	b.writeUInt32LE(RATE, 24);
	b.writeUInt32LE(2 * RATE, 28);
	b.writeUInt16LE(2, 32);
	b.writeUInt16LE(16, 34);
	b.write('data', 36);
	b.writeUInt32LE(2 * samples, 40);
	for (let i = 0; i < samples; i++)
		b.writeInt16LE(level, 44 + 2 * i);

	writeFileSync(path, b);
}


/* ITU-T G.711: a byte of PCMU as a 16 bit sample */
function linear(byte)
{
	const bits = ~byte & 0xff;
	const size = (((bits & 15) << 3) + 0x84 << (bits >> 4 & 7)) - 0x84;

	return bits & 0x80 ? -size : size;
}


/**
 * Find the played files in the RTP that a leg received
 *
 * @param media  Packets of the leg
 * @param levels Levels of the files: one above zero, or one below as well
 *               (resampling scales them, but keeps their sign)
 *
 * @return Each run of packets that have a level throughout, as `level` and
 *         `packets`, in order
 */
export function played(media, levels)
{
	const runs = [];

	for (const { packet } of media) {
		const payload = packet.subarray(RTP_HEADER);
		const sample = linear(payload[payload.length >> 1]);
		const level = levels.find((l) => sample / l > 0.25) ?? 0;
		const flat = payload.every((byte) => byte === payload[0]);

		if (flat && level === runs.at(-1)?.level)
			runs.at(-1).packets++;
		else if (flat)
			runs.push({ level, packets: 1 });
	}

	return runs.filter((run) => run.level && run.packets > 2);
}


/* The longest time [ms] without the tone, from its start until now */
function longestSilence(media)
{
	const loud = media.filter(({ packet }) =>
		Math.abs(linear(packet.at(-1))) > Math.abs(linear(LOUD)) / 2)
		.map(({ time }) => time);

	return Math.max(...[...loud, Date.now()].map((time, i) =>
		time - (loud[i - 1] ?? time)));
}


/**
 * Sends a tone over a leg whose far end echoes its audio
 *
 * @return `begun()` waits for the echo; `stop()` ends it and returns the
 *         longest `silence` of the echo and the longest delay of this program,
 *         `late`, both in ms
 */
export function tone(leg)
{
	const { body } = leg.messages.items.find((m) => m.status === 200 &&
		m.body);
	const send = leg.packets(body, LOUD);
	const start = performance.now();
	let n = 0, late = 0;
	const timer = setInterval(() => {
		const due = () => performance.now() - start - n * PACKET;

		late = Math.max(late, due());
		for (; due() >= 0; n++)
			send();
	}, LOOK);

	timer.unref();

	return {
		begun: async () => {
			const end = performance.now() + PATIENCE;
			const heard = () => leg.media.some(({ packet }) =>
				linear(packet.at(-1)) !== 0);

			while (!heard() && performance.now() < end)
				await sleep(LOOK);
			if (!heard())
				throw new Error('the tone does not come back');
			late = 0;
		},
		stop: () => {
			clearInterval(timer);

			return { silence: longestSilence(leg.media),
				late: Math.ceil(late) };
		},
	};
}

/**
 * @file audio.js  WAV files of one level each, to be found again in RTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { writeFileSync } from 'node:fs';

const RTP_HEADER = 12;
const RATE = 8000;


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
 * Find what was played in the RTP that a leg received
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

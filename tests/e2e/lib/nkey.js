/**
 * @file nkey.js  Keys of NATS: of users, accounts and operators
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createPrivateKey, createPublicKey, randomBytes, sign }
	from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const SEED = 18 << 3;
const KINDS = { user: 20 << 3, account: 0, operator: 14 << 3 };


function checksum(bytes)
{
	let crc = 0;

	for (const byte of bytes) {
		crc ^= byte << 8;
		for (let i = 0; i < 8; i++)
			crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) &
				0xffff;
	}

	return Buffer.from([crc & 0xff, crc >> 8]);
}


function base32(bytes)
{
	const bits = [...bytes, ...checksum(bytes)]
		.map((b) => b.toString(2).padStart(8, '0')).join('');

	return bits.match(/.{1,5}/g)
		.map((five) => LETTERS[parseInt(five.padEnd(5, '0'), 2)]).join('');
}


/**
 * A key: `id` is its public half, `seed` is for a file, and `sign` signs a
 * text
 */
export function makeNkey(kind = 'user')
{
	const raw = randomBytes(32);
	const prefix = KINDS[kind];
	const key = createPrivateKey({ format: 'der', type: 'pkcs8',
		key: Buffer.concat([Buffer.from(
			'302e020100300506032b657004220420', 'hex'), raw]) });
	const { x } = createPublicKey(key).export({ format: 'jwk' });

	return {
		seed: base32(Buffer.from([SEED | prefix >> 5,
			(prefix & 31) << 3, ...raw])),
		id: base32(Buffer.from([prefix, ...Buffer.from(x,
			'base64url')])),
		sign: (text) => sign(null, Buffer.from(text), key),
	};
}

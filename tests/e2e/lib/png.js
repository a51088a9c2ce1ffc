/**
 * @file png.js  Smaller files of the pictures that a browser makes
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const COLOURS = 128;
const RGB = 3;     /* bytes of a pixel in */
const INDEXED = 3; /* colour type out */


function crc32(bytes)
{
	let crc = ~0;

	for (const byte of bytes) {
		crc ^= byte;
		for (let i = 0; i < 8; i++)
			crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}

	return ~crc >>> 0;
}


function chunk(type, data)
{
	const body = Buffer.concat([Buffer.from(type), data]);
	const size = Buffer.alloc(4), crc = Buffer.alloc(4);

	size.writeUInt32BE(data.length);
	crc.writeUInt32BE(crc32(body));

	return Buffer.concat([size, body, crc]);
}


function *chunks(png)
{
	for (let at = SIGNATURE.length; at < png.length;) {
		const end = at + 8 + png.readUInt32BE(at);

		yield [png.toString('latin1', at + 4, at + 8),
			png.subarray(at + 8, end)];
		at = end + 4;
	}
}


/* The prediction of a byte from those to the left, above, and above those to
   the left, by the number of the filter (section 9) */
const FILTERS = [
	() => 0,
	(left) => left,
	(left, up) => up,
	(left, up) => left + up >> 1,
	(left, up, corner) => {
		const [a, b, c] = [up - corner, left - corner,
			left + up - 2 * corner].map(Math.abs);

		return a <= b && a <= c ? left : b <= c ? up : corner;
	},
];


/* The colours of all pixels, as numbers of 24 bits */
function pixelsOf(data, width, height)
{
	const size = width * RGB;
	const out = Buffer.alloc(size * height);
	const byte = (x, y) => x < 0 || y < 0 ? 0 : out[y * size + x];

	for (let y = 0; y < height; y++) {
		const row = y * (size + 1);
		const predict = FILTERS[data[row]];

		for (let x = 0; x < size; x++)
			out[y * size + x] = data[row + 1 + x] + predict(
				byte(x - RGB, y), byte(x, y - 1),
				byte(x - RGB, y - 1));
	}

	return Uint32Array.from({ length: width * height },
		(_, i) => out.readUIntBE(i * RGB, RGB));
}


function distance(a, b)
{
	return Math.max(...[0, 8, 16].map((bits) =>
		Math.abs((a >> bits & 255) - (b >> bits & 255))));
}


function nearest(palette, colour)
{
	return palette.reduce((best, c, i) => distance(c, colour) <
		distance(palette[best], colour) ? i : best, 0);
}


/* The most frequent colours, none of them close to another; `apart` grows until
   they are few enough. */
function paletteOf(pixels)
{
	const count = new Map();

	for (const colour of pixels)
		count.set(colour, (count.get(colour) ?? 0) + 1);

	const colours = [...count.keys()].sort((a, b) =>
		count.get(b) - count.get(a));

	for (let apart = 0;; apart++) {
		const palette = [];

		for (const c of colours) {
			if (palette.every((p) => distance(p, c) > apart))
				palette.push(c);
			if (palette.length > COLOURS)
				break;
		}
		if (palette.length <= COLOURS)
			return { palette, index: new Map(colours.map((c) =>
				[c, nearest(palette, c)])) };
	}
}


/**
 * Write a picture with at most 128 colours, each close to its own
 *
 * @param png A PNG with 8 bits each of red, green and blue, not interlaced
 *
 * @return The smaller PNG
 *
 * Reference: W3C Portable Network Graphics, second edition
 */
export function shrink(png)
{
	const parts = [...chunks(png)];
	const [[, head]] = parts;
	const width = head.readUInt32BE(0), height = head.readUInt32BE(4);
	const pixels = pixelsOf(inflateSync(Buffer.concat(parts.filter(
		([type]) => type === 'IDAT').map(([, data]) => data))),
	width, height);
	const { palette, index } = paletteOf(pixels);
	const data = Buffer.alloc((width + 1) * height);
	const rgb = Buffer.alloc(palette.length * RGB);

	palette.forEach((colour, i) => rgb.writeUIntBE(colour, i * RGB, RGB));
	pixels.forEach((colour, i) => {
		data[i + 1 + Math.floor(i / width)] = index.get(colour);
	});

	const out = Buffer.from(head);

	out[9] = INDEXED;

	return Buffer.concat([SIGNATURE, chunk('IHDR', out),
		chunk('PLTE', rgb), chunk('IDAT', deflateSync(data,
			{ level: 9, memLevel: 9 })),
		chunk('IEND', Buffer.alloc(0))]);
}

/**
 * @file rooms.test.js  No call or include runs up, or past a public header
 *
 * A room is a folder. Its public header has the folder's name; every other
 * header is private to it. A function that no header declares does not compile
 * outside its file, so the includes tell of every call.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../..', import.meta.url));

/* Each room, and the rooms below that it may call */
const houses = {
	ctrl: {
		base: [],
		net: ['base'],
		store: ['base'],
		capture: ['base', 'net', 'store'],
		stream: ['base', 'net', 'store'],
		nodes: ['base', 'net', 'store', 'stream'],
		hooks: ['base', 'net', 'store', 'stream'],
		calls: ['base', 'net', 'store', 'capture', 'stream', 'nodes',
			'hooks'],
		apps: ['base', 'net', 'store', 'stream', 'nodes', 'hooks',
			'calls'],
		fleet: ['base', 'net', 'store', 'capture', 'stream', 'nodes',
			'hooks', 'calls', 'apps'],
		server: ['base', 'net', 'store', 'capture', 'stream', 'nodes',
			'hooks', 'calls', 'fleet'],
	},
	'modules/sip_refer': {
		text: [],
		host: ['text'],
		link: ['host'],
		transfer: ['text', 'host', 'link'],
		call: ['text', 'host', 'link', 'transfer'],
	},
};


function sources(folder)
{
	return readdirSync(folder, { withFileTypes: true })
		.filter((e) => e.isFile() && /\.[ch]$/.test(e.name))
		.map((e) => join(folder, e.name));
}


/* Names in quotes, as they stand in a file */
function includes(path)
{
	return [...readFileSync(path, 'utf8')
		.matchAll(/^#include "([^"]+)"$/gm)].map((m) => m[1]);
}


/* The forbidden references of a file out of its folder */
function trespasses(path, house, own, allowed)
{
	const here = sources(own).map((p) => basename(p));
	const shared = sources(join(top, 'common')).map((p) => basename(p));

	return includes(path).filter((name) => {
		const [room, header] = name.split('/');

		if (!header)
			return !here.includes(name) && !shared.includes(name);

		return !allowed.includes(room) || header !== `${room}.h`;
	}).map((name) => `${path.slice(top.length)} includes "${name}"`);
}


for (const [house, rooms] of Object.entries(houses)) {
	const folder = join(top, house);

	test(`${house} has the rooms of the table, and no others`, () => {
		const found = readdirSync(folder, { withFileTypes: true })
			.filter((e) => e.isDirectory()).map((e) => e.name);

		assert.deepEqual(found.sort(), Object.keys(rooms).sort());
	});

	for (const [room, allowed] of Object.entries(rooms)) {
		test(`${house}/${room} calls ${allowed.join(', ') ||
			'no other room'}`, () => {
			const own = join(folder, room);

			assert.deepEqual(sources(own).flatMap((p) =>
				trespasses(p, house, own, allowed)), []);
		});
	}

	test(`${house} itself calls its rooms by their public headers`, () => {
		assert.deepEqual(sources(folder).flatMap((p) =>
			trespasses(p, house, folder, Object.keys(rooms))), []);
	});
}

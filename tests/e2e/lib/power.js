/**
 * @file power.js  The state of a disk after a loss of power
 *
 * A disk keeps all data that were synced. It may have any part of the other
 * data: nothing, all, some writes without those before them, some sectors of
 * a write.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinEnv, settings } from './settings.js';

const HEAD = 7 * 8;
const SECTOR = 512;
const [CREATE, WRITE, SIZE, SYNC, SYNC_NAMES, UNLINK, RENAME] =
	[1, 2, 3, 4, 5, 6, 7]; /* see record.c */


/** Now [ns], by the clock of the record. */
export function now()
{
	return process.hrtime.bigint();
}


/* One file: the data on the disk, and the data that may get there. */
class File {
	constructor()
	{
		this.kept = Buffer.alloc(0);
		this.open = [];
	}

	/* All changes before `time` are on the disk. */
	sync(time)
	{
		const done = this.open.filter((c) => c.ended <= time);

		this.kept = done.reduce(whole, this.kept);
		this.open = this.open.filter((c) => c.ended > time);
	}

	/* The content of the disk, chosen by the dice. */
	after(luck)
	{
		return this.open.reduce(luck, this.kept);
	}
}


function resized(bytes, size)
{
	return size <= bytes.length ? bytes.subarray(0, size) :
		Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
}


function put(bytes, at, data)
{
	const b = resized(Buffer.from(bytes),
		Math.max(bytes.length, at + data.length));

	data.copy(b, at);

	return b;
}


function whole(bytes, change)
{
	return change.kind === SIZE ? resized(bytes, change.at) :
		put(bytes, change.at, change.data);
}


/* The sectors of a write that the disk has written. */
function torn(bytes, { at, data }, d)
{
	let b = bytes;

	for (let i = 0; i < data.length;) {
		const end = Math.min(data.length,
			(Math.floor((at + i) / SECTOR) + 1) * SECTOR - at);

		if (d.chance(0.5))
			b = put(b, at + i, data.subarray(i, end));
		i = end;
	}

	return b;
}


/* The fate of a change that was not synced. */
function luckOf(d)
{
	const p = d.of([0, 0.5, 0.9, 1]);

	return (bytes, change) => {
		if (!d.chance(p))
			return bytes;

		return change.kind === WRITE && d.chance(0.3) ?
			torn(bytes, change, d) : whole(bytes, change);
	};
}


/** Records the changes of a process to the files of a directory. */
export class Record {
	/**
	 * @param file File of its own
	 * @param dir  Directory
	 * @param env  Other variables of the process
	 */
	constructor(file, dir, env = {})
	{
		this.file = file;
		this.env = joinEnv(env, { RECORD_FILE: file, RECORD_DIR: dir,
			LD_PRELOAD: settings.record });
	}

	/** All recorded changes, in order. */
	changes()
	{
		const bytes = readFileSync(this.file);
		const list = [];

		for (let i = 0; i + HEAD <= bytes.length;) {
			const n = (k) => Number(bytes.readBigUInt64LE(i + 8 * k));
			const name = i + HEAD, data = name + n(5);

			list.push({ kind: n(0), ended: bytes.readBigUInt64LE(
				i + 16), begun: bytes.readBigUInt64LE(i + 8),
			file: n(3), at: n(4),
			name: bytes.toString('utf8', name, data),
			data: bytes.subarray(data, data + n(6)) });
			i = data + n(6);
		}

		return list.sort((a, b) => (a.ended < b.ended ? -1 : 1));
	}

	/** The disk before the first change. */
	disk()
	{
		return new Replay(this.changes());
	}
}


/* A disk to which changes are applied. */
class Replay {
	constructor(changes)
	{
		this.changes = changes;
		this.files = new Map(); /* by inode */
		this.names = new Map(); /* on the disk */
		this.renamed = []; /* changes of names that may get there */
	}

	/** Applies the changes that have completed by that time. */
	until(time)
	{
		while (this.changes.length && this.changes[0].ended <= time)
			this.step(this.changes.shift());
		this.underWay = this.changes.filter((c) => c.begun <= time &&
			c.kind === WRITE);
	}

	step(c)
	{
		switch (c.kind) {
		case CREATE: this.files.set(c.file, c.inode = new File());
			/* falls through */
		case UNLINK:
		case RENAME: this.renamed.push(c); break;
		case WRITE:
		case SIZE: this.at(c.file).open.push(c); break;
		case SYNC: this.at(c.file).sync(c.begun); break;
		case SYNC_NAMES: this.syncNames(c.begun); break;
		default: throw new Error(`a change of kind ${c.kind}`);
		}
	}

	at(file)
	{
		if (!this.files.has(file))
			throw new Error('a file that was never made');

		return this.files.get(file);
	}

	syncNames(time)
	{
		this.names = named(this.names,
			this.renamed.filter((c) => c.ended <= time));
		this.renamed = this.renamed.filter((c) => c.ended > time);
	}

	/**
	 * Makes a directory with the files that a loss of power now leaves
	 *
	 * @param dir Directory
	 * @param d   Dice
	 */
	leave(dir, d)
	{
		const some = this.renamed.slice(0, d.upTo(this.renamed.length));
		const luck = luckOf(d);

		for (const c of this.underWay)
			this.at(c.file).open.push(c);
		mkdirSync(dir, { recursive: true });
		for (const [name, file] of named(this.names, some)) {
			if (!name.endsWith('-shm'))
				writeFileSync(join(dir, name), file.after(luck));
		}
		for (const c of this.underWay)
			this.at(c.file).open.pop();
	}
}


/* The names after such changes. */
function named(names, changes)
{
	const after = new Map(names);

	for (const c of changes) {
		const inode = c.inode ?? after.get(c.name);

		if (c.kind !== CREATE)
			after.delete(c.name);
		if (c.kind !== UNLINK)
			after.set(c.kind === RENAME ? `${c.data}` : c.name, inode);
	}

	return after;
}

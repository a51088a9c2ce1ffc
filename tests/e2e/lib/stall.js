/**
 * @file stall.js  A disk that stalls, for one process
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { closeSync, openSync, readFileSync, writeFileSync, writeSync }
	from 'node:fs';
import { settings } from './settings.js';

const SIZE = 8; /* how long [ms], and how many have waited: see stall.c */


/** Lets what a process reads and writes below a directory wait. */
export class Stall {
	/**
	 * @param file File of its own, made here
	 * @param dir  Directory
	 */
	constructor(file, dir)
	{
		this.file = file;
		this.env = { STALL_FILE: file, STALL_DIR: dir,
			LD_PRELOAD: settings.stall };
		writeFileSync(file, Buffer.alloc(SIZE));
	}

	/** From now on each access waits so long [ms]. */
	each(ms)
	{
		const fd = openSync(this.file, 'r+');
		const value = Buffer.alloc(4);

		value.writeUInt32LE(ms);
		writeSync(fd, value);
		closeSync(fd);
	}

	/** How many accesses have waited. */
	get waited()
	{
		return readFileSync(this.file).readUInt32LE(4);
	}
}

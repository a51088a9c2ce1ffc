/**
 * @file stall.js  A disk that stalls, for one process
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { closeSync, openSync, readFileSync, writeFileSync, writeSync }
	from 'node:fs';
import { settings } from './settings.js';

const SIZE = 8; /* delay [ms], and the number of waits: see stall.c */


/** Delays the reads and writes of a process below a directory. */
export class Stall {
	/**
	 * @param file File of its own, created here
	 * @param dir  Directory
	 */
	constructor(file, dir)
	{
		this.file = file;
		this.env = { STALL_FILE: file, STALL_DIR: dir,
			LD_PRELOAD: settings.stall };
		writeFileSync(file, Buffer.alloc(SIZE));
	}

	/** Makes each access wait so long [ms] from now on. */
	each(ms)
	{
		const fd = openSync(this.file, 'r+');
		const value = Buffer.alloc(4);

		value.writeUInt32LE(ms);
		writeSync(fd, value);
		closeSync(fd);
	}

	/** The number of accesses that have waited. */
	get waited()
	{
		return readFileSync(this.file).readUInt32LE(4);
	}
}

/**
 * @file disk.js  A disk that fills up or is read-only
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync,
	writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIZE = 2 << 20;


function mount(...args)
{
	execFileSync('mount', args, { stdio: 'ignore' });
}


/* A private file system needs a private mount namespace. */
function whyNot()
{
	const dir = mkdtempSync(join(tmpdir(), 'sip-refer-mount-'));

	try {
		mount('-t', 'tmpfs', 'none', dir);
		execFileSync('umount', [dir]);
	}
	catch {
		return 'this user may not mount';
	}
	finally {
		rmdirSync(dir);
	}

	return false;
}


/** The reason why a test cannot have a disk; false if it can. */
export const noDisk = whyNot();


/** A small disk for the state of a referd. The scene removes it at its end. */
export class Disk {
	constructor(s, size = SIZE)
	{
		this.dir = join(s.dir, 'disk');
		mkdirSync(this.dir);
		mount('-t', 'tmpfs', '-o', `size=${size}`, 'none', this.dir);
		s.join({ process: { name: 'disk', alive: true,
			log: { items: [] }, kill: () => this.remove() },
		kill: () => this.remove() });
	}

	get state()
	{
		return join(this.dir, 'state');
	}

	fill()
	{
		const fd = openSync(join(this.dir, 'fill'), 'w');

		for (let size = 65536; size;) {
			try {
				writeSync(fd, Buffer.alloc(size));
			}
			catch (err) {
				assert.equal(err.code, 'ENOSPC');
				size >>= 1;
			}
		}
		closeSync(fd);
	}

	clear()
	{
		rmSync(join(this.dir, 'fill'));
	}

	readOnly(on)
	{
		mount('-o', `remount,${on ? 'ro' : 'rw'}`, this.dir);
	}

	remove()
	{
		if (this.gone)
			return;
		this.gone = true;
		execFileSync('umount', ['--lazy', this.dir]);
	}
}

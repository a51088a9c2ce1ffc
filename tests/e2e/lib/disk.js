/**
 * @file disk.js  A disk that fills up, or may not be written to
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


/* A file system of our own needs a mount namespace of our own. */
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


/** Why there can be no disk; false if there can. */
export const noDisk = whyNot();


/** A small disk for the state of a referd. It is gone with the scene. */
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

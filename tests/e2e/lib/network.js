/**
 * @file network.js  A host of the private network that a test can cut off
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const ip = promisify(execFile).bind(null, 'ip');


/** Adds the address; may be called again after cutOff(). */
export async function connect(address)
{
	await ip(['route', 'del', `${address}/32`]).catch(() => {});
	await ip(['address', 'replace', `${address}/32`, 'dev', 'lo']);
}


/** Drops all packets to the address from now on, without an error. */
export async function cutOff(address)
{
	await ip(['route', 'add', `${address}/32`, 'dev', 'lo']);
	await ip(['address', 'del', `${address}/32`, 'dev', 'lo']);
}

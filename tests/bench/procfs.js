/**
 * @file procfs.js  What processes have used, and what they hold
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { readdirSync, readFileSync } from 'node:fs';


function sum(pids, value)
{
	return pids.reduce((total, pid) => total + value(pid), 0);
}


/** CPU time of all threads of processes, in µs. */
export function cpu(pids)
{
	return sum(pids, (pid) => readdirSync(`/proc/${pid}/task`)
		.reduce((total, task) => total + Number(readFileSync(
			`/proc/${pid}/task/${task}/schedstat`, 'utf8')
			.split(' ')[0]) / 1000, 0));
}


/** Memory that is theirs, shared pages by part, in KiB. */
export function memory(pids)
{
	return sum(pids, (pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(
		`/proc/${pid}/smaps_rollup`, 'utf8'))[1]));
}


export function descriptors(pids)
{
	return sum(pids, (pid) => readdirSync(`/proc/${pid}/fd`).length);
}

/**
 * @file procfs.js  Resources that processes have used, and that they hold
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { readdirSync, readFileSync } from 'node:fs';


function sum(pids, value)
{
	return pids.reduce((total, pid) => total + value(pid), 0);
}


function taskCpu(pid, task)
{
	try {
		const text = readFileSync(
			`/proc/${pid}/task/${task}/schedstat`, 'utf8');

		return Number(text.split(' ')[0]) / 1000;
	}
	catch {
		return 0; /* it has just ended */
	}
}


/** CPU time of all threads of processes that still live, in µs. */
export function cpu(pids)
{
	return sum(pids, (pid) => sum(readdirSync(`/proc/${pid}/task`),
		(task) => taskCpu(pid, task)));
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


/** How often all threads of processes have waited, and were woken. */
export function wakes(pids)
{
	return sum(pids, (pid) => sum(readdirSync(`/proc/${pid}/task`),
		(task) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(
			readFileSync(`/proc/${pid}/task/${task}/status`,
				'utf8'))[1])));
}

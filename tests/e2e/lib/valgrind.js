/**
 * @file valgrind.js  Whether programs can run under valgrind
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFileSync } from 'node:child_process';
import { settings } from './settings.js';


/** A reason not to use it, false if there is none. */
export function whyNoValgrind()
{
	if (settings.sanitize)
		return 'valgrind and the sanitizers exclude each other';

	try {
		execFileSync('valgrind', ['--version'], { stdio: 'ignore' });
	}
	catch {
		return 'valgrind is not installed';
	}

	return false;
}

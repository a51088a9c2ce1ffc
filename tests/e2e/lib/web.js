/**
 * @file web.js  The page's modules, to be tested without a browser
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settings } from './settings.js';


/**
 * Import modules of the page
 *
 * The page needs no package.json, but Node treats its files as modules only
 * with one: the test imports them from a copy with a package.json.
 *
 * @param names  Names of files, without their ending
 *
 * @return All their exports, in one object
 */
export async function importWeb(...names)
{
	const dir = mkdtempSync(join(tmpdir(), 'sip-refer-web-'));

	try {
		cpSync(join(settings.source, 'web'), dir, { recursive: true });
		writeFileSync(join(dir, 'package.json'),
			'{"type":"module"}');

		return Object.assign({}, ...await Promise.all(names.map(
			(name) => import(join(dir, `${name}.js`)))));
	}
	finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

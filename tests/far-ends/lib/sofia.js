/**
 * @file sofia.js  A phone on sofia-sip's nua: nua.c
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Process } from '../../e2e/lib/process.js';
import { CARRIER, settings } from '../../e2e/lib/scene.js';

const NUA = join(settings.build, 'tests/far-ends/nua');

export const skip = !existsSync(NUA) && 'sofia-sip is missing';


/** The phone; arguments of nua. */
export async function sofia(s, ...args)
{
	const process = new Process('nua', [NUA, ...args, CARRIER]);

	s.join({ process, kill: () => process.kill() });
	await process.log.wait((l) => l === 'ready', 'line "ready"');

	return { process, uri: `sip:nua@${CARRIER}` };
}

/**
 * @file twinkle.js  Twinkle without a screen, which answers by itself
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Process } from '../../e2e/lib/process.js';
import { CARRIER, GATEWAY } from '../../e2e/lib/scene.js';
import { TARGET } from './target.js';

const TWINKLE = '/usr/bin/twinkle-console';
const PORT = 5062;

export const skip = !existsSync(TWINKLE) && 'twinkle-console is missing';


/*
 * It listens at all addresses, so it needs a port of its own. As its address
 * it takes the one that the kernel would send from.
 */
function sendFrom(address)
{
	for (const to of [GATEWAY, TARGET])
		execFileSync('ip', ['route', 'replace', 'local', to, 'dev',
			'lo', 'table', 'local', 'proto', 'kernel', 'scope',
			'host', 'src', address]);
}


/* A sound card, without which it does not answer */
const SILENCE = 'pcm.!default { type null }\n';

const profile = `user_name=twinkle
user_domain=${CARRIER}
allow_refer=yes
ask_user_to_refer=no
referee_hold=no
`;


const system = `sip_port=${PORT}
play_ringtone=no
`;


/** The phone */
export async function twinkle(s)
{
	const home = s.path('twinkle');
	const own = join(home, '.twinkle');

	sendFrom(CARRIER);
	mkdirSync(own, { recursive: true });
	writeFileSync(join(own, 'twinkle.cfg'), profile);
	writeFileSync(join(own, 'twinkle.sys'), system);
	writeFileSync(join(home, '.asoundrc'), SILENCE);

	const process = new Process('twinkle', [TWINKLE, 'twinkle.cfg'],
		{ env: { HOME: home } });

	s.join({ process, kill: () => process.kill() });
	await process.log.wait((l) => /registration failed/.test(l),
		'that it has nobody to register with');
	process.child.stdin.write('auto_answer -a on\n');
	await process.log.wait((l) => /Auto answer/.test(l),
		'that it answers');

	return { process, uri: `sip:twinkle@${CARRIER}:${PORT}` };
}

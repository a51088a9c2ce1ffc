/**
 * @file linphone.js  linphonec, which answers by itself
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Process } from '../../e2e/lib/process.js';
import { CARRIER } from '../../e2e/lib/scene.js';

const LINPHONEC = '/usr/bin/linphonec';

export const skip = !existsSync(LINPHONEC) && 'linphonec is missing';


const config = `[sip]
bind_address=${CARRIER}
sip_port=5060
sip_tcp_port=0
sip_tls_port=0
use_ipv6=0
guess_hostname=0

[video]
enabled=0
`;


/** The phone. It listens only if its home has a folder for its database. */
export async function linphone(s)
{
	const home = s.path('linphone');

	mkdirSync(join(home, '.local/share/linphone'), { recursive: true });
	writeFileSync(join(home, 'config'), config);

	const process = new Process('linphonec', [LINPHONEC, '-a', '-d', '6',
		'-c', join(home, 'config')], { env: { HOME: home } });

	s.join({ process, kill: () => process.kill() });
	await process.log.wait((l) => /Creating listening point/.test(l),
		'line "Creating listening point"');

	return { process, uri: `sip:linphone@${CARRIER}` };
}

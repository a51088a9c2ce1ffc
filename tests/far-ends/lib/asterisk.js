/**
 * @file asterisk.js  Asterisk, with a caller on its other side
 *
 * It is a B2BUA: the gateway calls an extension. The transferred party is the
 * one that Asterisk has bridged to the gateway, a stock baresip.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Process } from '../../e2e/lib/process.js';
import { CARRIER, settings } from '../../e2e/lib/scene.js';
import { TARGET } from './target.js';

const CALLER = '10.77.0.4';

/* Unpacked by scripts/test.sh --far-ends with the libraries of its release. */
const ROOT = join(settings.source, 'build-tools/asterisk');
const PROGRAM = join(ROOT, 'usr/sbin/asterisk');

export const skip = !existsSync(PROGRAM) && 'asterisk is missing';


/* The folder of its libraries, and of the loader that runs it */
function libraries()
{
	const lib = join(ROOT, 'usr/lib');
	const [machine] = readdirSync(lib).filter((name) =>
		existsSync(join(lib, name, 'asterisk/modules')));

	return join(lib, machine);
}


function loader(lib)
{
	return join(lib, readdirSync(lib).find((name) =>
		/^ld-linux.*\.so\.\d$/.test(name)));
}


const modules = ['res_sorcery_config', 'res_sorcery_memory',
	'res_sorcery_astdb', 'res_pjproject', 'res_timing_timerfd',
	'res_rtp_asterisk', 'res_pjsip', 'res_pjsip_session',
	'res_pjsip_sdp_rtp', 'res_pjsip_caller_id', 'res_pjsip_pubsub',
	'res_pjsip_refer', 'res_pjsip_endpoint_identifier_ip',
	'res_pjsip_dialog_info_body_generator', 'res_pjsip_rfc3326',
	'res_pjsip_logger', 'chan_pjsip', 'bridge_simple',
	'bridge_builtin_features', 'bridge_builtin_interval_features',
	'bridge_softmix', 'features', 'pbx_config', 'app_dial', 'codec_ulaw'];


function files(home, lib)
{
	return {
		'asterisk.conf': ['[directories]',
			...['etc', 'varlib', 'db', 'key', 'agi', 'spool',
				'run', 'log'].map((name) =>
				`ast${name}dir => ${home}`),
			`astmoddir => ${lib}/asterisk/modules`,
			`astdatadir => ${ROOT}/usr/share/asterisk`],
		'modules.conf': ['[modules]', 'autoload=no',
			...modules.map((name) => `load=${name}.so`)],
		'logger.conf': ['[logfiles]',
			'console => notice,warning,error'],
		'pjsip.conf': ['[udp]', 'type=transport', 'protocol=udp',
			`bind=${CARRIER}:5060`,
			'[all]', 'type=endpoint', 'context=all',
			'disallow=all', 'allow=ulaw', 'direct_media=no',
			`media_address=${CARRIER}`,
			'bind_rtp_to_media_address=yes',
			'[all]', 'type=identify', 'endpoint=all',
			'match=10.77.0.0/24'],
		/* without Hangup() a busy target causes a busy tone of 10 s */
		'extensions.conf': ['[all]',
			...[['caller', CALLER], ['t', TARGET]].flatMap(
				([user, host]) => [
				`exten => ${user},1,Dial(PJSIP/all/` +
					`sip:${user}@${host}:5060,30)`,
				' same => n,Hangup()'])],
	};
}


/**
 * Asterisk
 *
 * @return `caller`: the party on its other side; `uri`, `second`: the URIs
 *         that call the caller, and the target; `connected()`: waits until it
 *         has bridged so many calls
 */
export async function asterisk(s)
{
	const home = s.path('asterisk');
	const lib = libraries();

	mkdirSync(home);
	for (const [name, lines] of Object.entries(files(home, lib)))
		writeFileSync(join(home, name), lines.join('\n') + '\n');

	const caller = await s.carrier({ name: 'caller', ip: CALLER,
		account: ';answermode=auto' });
	const process = new Process('asterisk', [
		loader(lib), '--library-path', lib, PROGRAM, '-f', '-vvv',
		'-C', join(home, 'asterisk.conf')]);

	s.join({ process, kill: () => process.kill() });
	await process.log.wait((l) => /Asterisk Ready/.test(l),
		'line "Asterisk Ready"');

	/* it answers before it bridges, and refuses a REFER in between */
	const joined = () => process.log.filter((l) => /joined/.test(l));
	const connected = (calls) => process.log.wait(() =>
		joined().length >= 2 * calls, `${calls} bridged calls`);

	return { process, caller, connected, uri: `sip:caller@${CARRIER}`,
		second: `sip:t@${CARRIER}` };
}

/**
 * @file kamailio.js  kamailio with sipcapture, which stores HEP messages
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync }
	from 'node:fs';
import { join } from 'node:path';
import { Process } from './process.js';
import { settings } from './settings.js';

const ROOT = [join(settings.source, 'build-tools/kamailio'), '']
	.find((root) => existsSync(`${root}/usr/sbin/kamailio`));

/* The columns of sipcapture in a row of db_flatstore */
const COLUMNS = { us: 1, callid: 13, source_ip: 22, source_port: 23,
	destination_ip: 24, destination_port: 25, node: 34,
	correlation_id: 35, msg: 40 };


export const whyNoKamailio = ROOT === undefined && 'kamailio is missing';


function config(port, dir)
{
	return `#!KAMAILIO
debug=1
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:${port}
loadmodule "pv.so"
loadmodule "db_flatstore.so"
loadmodule "sipcapture.so"
modparam("db_flatstore", "flush", 1)
modparam("sipcapture", "db_url", "flatstore:${dir}")
modparam("sipcapture", "table_name", "sip_capture")
modparam("sipcapture", "capture_on", 1)
modparam("sipcapture", "hep_capture_on", 1)
modparam("sipcapture", "capture_node", "homer")
request_route {
	sip_capture();
	drop;
}
onreply_route {
	sip_capture();
	drop;
}
`;
}


/* Control characters and delimiters in a cell are written as \xHH. */
function parse(text)
{
	return text.split('\n').slice(0, -1).map((row) => {
		const cells = row.split('|').map((cell) =>
			cell.replace(/\\x([0-9A-F]{2})/gi, (_, code) =>
				String.fromCharCode(parseInt(code, 16))));

		return Object.fromEntries(Object.entries(COLUMNS)
			.map(([name, i]) => [name, cells[i]]));
	});
}


/** One kamailio; `rows()` returns each message that it has stored. */
export class Kamailio {
	static async start(s, port)
	{
		const k = new Kamailio();
		const file = join(s.dir, 'sipcapture.cfg');
		const lib = `${ROOT}/usr/lib`;
		const machine = readdirSync(lib).find((name) =>
			existsSync(`${lib}/${name}/kamailio/modules`));

		k.dir = join(s.dir, 'homer');
		mkdirSync(k.dir);
		writeFileSync(file, config(port, k.dir));
		k.process = new Process('kamailio', [
			`${ROOT}/usr/sbin/kamailio`, '-DD', '-E', '-f', file,
			'-L', `${lib}/${machine}/kamailio/modules`,
			'-Y', s.dir, '-P', join(s.dir, 'kamailio.pid')],
		{ env: { LD_LIBRARY_PATH: `${lib}/${machine}/kamailio` } });

		await k.process.log.wait((l) => /Listening on|udp: /.test(l),
			'that it listens');

		return s.join(k);
	}

	rows()
	{
		return readdirSync(this.dir).flatMap((name) =>
			parse(readFileSync(join(this.dir, name), 'latin1')));
	}

	/* Its children end with it only if it ends in an orderly way. */
	kill()
	{
		return this.process.kill('SIGTERM');
	}
}

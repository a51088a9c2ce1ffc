/**
 * @file edge.js  WebRTC phones behind kamailio, connected by WebSocket
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Process } from '../../e2e/lib/process.js';
import { settings } from '../../e2e/lib/scene.js';

const EDGE = '10.77.0.30';
const PORT = 8080;
const URL = `ws://${EDGE}:${PORT}`;
const LOOK_TIME = 20; /* ms */
const MODULES = 'kamailio/modules';

/* Unpacked by scripts/test.sh, or installed. */
const roots = ['kamailio', 'kamailio-websocket-modules']
	.map((name) => join(settings.source, 'build-tools', name)).concat('/');
const program = roots.map((root) => join(root, 'usr/sbin/kamailio'))
	.find(existsSync);
const modules = roots.map((root) => join(root, 'usr/lib'))
	.filter(existsSync)
	.flatMap((lib) => readdirSync(lib).map((m) => join(lib, m, MODULES)))
	.filter(existsSync);


function missing()
{
	if (!program)
		return 'kamailio is missing';
	if (!modules.some((m) => existsSync(join(m, 'websocket.so'))))
		return "kamailio's websocket module is missing";

	return !existsSync(join(settings.source,
		'tests/far-ends/node_modules')) &&
		'the packages of tests/far-ends are missing';
}


export const skip = missing();


/*
 * It registers phones, and is in the path of each call. A phone's Contact is
 * not a real address: its parameter `alias` identifies the connection.
 */
const config = `#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=1
listen=udp:${EDGE}:5060
listen=tcp:${EDGE}:${PORT}
tcp_accept_no_cl=yes
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
loadmodule "xhttp.so"
loadmodule "websocket.so"
modparam("nathelper|registrar", "received_avp", "$avp(received)")
request_route {
	mf_process_maxfwd_header("10");
	if (nat_uac_test("64")) {
		force_rport();
		if (!is_method("REGISTER")) add_contact_alias();
	}
	if (has_totag()) {
		loose_route();
		handle_ruri_alias();
		t_relay();
		exit;
	}
	if (is_method("REGISTER")) {
		fix_nated_register();
		save("location");
		exit;
	}
	remove_hf("Route");
	record_route();
	if (uri == myself) {
		if (!lookup("location")) {
			sl_send_reply("404", "Not Found");
			exit;
		}
	}
	t_relay();
}
onreply_route {
	if (nat_uac_test("64")) add_contact_alias();
}
event_route[xhttp:request] {
	if ($hdr(Upgrade) =~ "websocket") ws_handle_handshake();
	else xhttp_reply("404", "Not Found", "", "");
}
`;


/* It reports that it listens before its children can accept connections. */
async function accepts()
{
	for (;;) {
		const socket = connect(PORT, EDGE);

		try {
			await once(socket, 'connect');
			return;
		}
		catch {
			await sleep(LOOK_TIME);
		}
		finally {
			socket.destroy();
		}
	}
}


async function edge(s)
{
	const path = s.path('kamailio.cfg');

	writeFileSync(path, config);

	const process = new Process('kamailio', [program, '-DD', '-E',
		'-f', path, '-L', modules.join(':'), '-Y', s.dir,
		'-P', join(s.dir, 'kamailio.pid')],
	{ env: { LD_LIBRARY_PATH: modules.map(dirname).join(':') } });

	/* its children end with it only if it ends in an orderly way */
	process.kill = () =>
		Process.prototype.kill.call(process, 'SIGTERM');
	s.join({ process, kill: () => process.kill() });
	await process.log.wait((l) => /Listening/.test(l), 'that it listens');
	await accepts();
}


/** A phone in phones/, registered. */
export async function phone(s, name)
{
	await edge(s);

	const uri = `sip:${name}@${EDGE}`;
	const process = new Process(name, ['node', join(settings.source,
		'tests/far-ends/phones', `${name}.js`), URL, uri]);

	s.join({ process, kill: () => process.kill() });
	await process.log.wait((l) => l === 'registered', 'line "registered"');

	return { process, uri };
}

/**
 * @file transport.test.js  The same transfer over every transport and a proxy
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificate } from './lib/certificate.js';
import { Process } from './lib/process.js';
import { scene, settings } from './lib/scene.js';

const ANSWERED = { answer: 'SIP/2.0 202 Accepted', final: '200 OK' };
const PROXY = '10.77.0.30';

/* Unpacked by scripts/test.sh, or installed. */
const KAMAILIO = [join(settings.source, 'build-tools/kamailio'), '']
	.find((root) => existsSync(`${root}/usr/sbin/kamailio`));


/* One transfer of a call, to its end at both ends; the REFER on the wire. */
async function transfer(client, { far, sid })
{
	client.send({ verb: 'sip:refer', referTo: '100', call_sid: sid });

	const { data } = await client.message('transfer:status',
		{ call_sid: sid, step: 'ended' });

	assert.equal(data.outcome, 'transferred');
	await client.message('call:status',
		{ call_sid: sid, call_status: 'completed' });
	await far.passed();

	return far.requests('REFER')[0];
}


scene('over UDP', async (s) => {
	const { client } = await s.control();
	const refer = await transfer(client,
		await s.call(client, 'transfer', ANSWERED));

	assert.match(refer.headers.via, /^SIP\/2\.0\/UDP 10\.77\.0\.1:/);
});


scene('over TCP', async (s) => {
	const { client } = await s.control();
	const refer = await transfer(client, await s.call(client, 'transfer',
		ANSWERED, { args: ['-t', 't1'] }));

	assert.match(refer.headers.via, /^SIP\/2\.0\/TCP 10\.77\.0\.1:/);
	assert.match(refer.headers.contact, /;transport=tcp>/);
});


scene('over IPv6', async (s) => {
	const { client } = await s.control({ gateway: { ip: '[fd77::1]',
		config: { prefer_ipv6: 'yes' } } });
	const refer = await transfer(client, await s.call(client, 'transfer',
		ANSWERED, { ip: '[fd77::11]', to: '[fd77::1]:5060' }));

	assert.match(refer.headers.via, /^SIP\/2\.0\/UDP \[fd77::1\]:/);
	assert.equal(refer.headers['refer-to'], '<sip:100@[fd77::11]:5060>');
	assert.match(refer.headers['referred-by'], /<sip:sipp@\[fd77::11\]/);
});


scene('over TLS', async (s) => {
	const tls = { config: { sip_certificate: certificate(s.dir) } };
	const { client, gateway } = await s.control({ gateway: tls });
	const carrier = await s.carrier(tls);
	const agent = await s.agent();

	await carrier.dial(`${gateway.uri}:5061;transport=tls`);
	const { call_sid: sid } = await client.message('call:status',
		{ call_status: 'in-progress' });

	client.send({ verb: 'sip:refer', referTo: agent.uri, call_sid: sid,
		dryRun: true, msgid: 'd1' });
	const { data: { dry_run: dry } } = await client.messages.wait((m) =>
		m.type === 'ack' && m.msgid === 'd1', 'ack');

	assert.match(dry.refer, /^Via: SIP\/2\.0\/TLS /m);

	client.send({ verb: 'sip:refer', referTo: agent.uri, call_sid: sid });
	const { data } = await client.message('transfer:status',
		{ step: 'ended' });

	assert.equal(data.outcome, 'transferred');
	await agent.event('CALL_ESTABLISHED', 'carrier');
	await client.message('call:status', { call_status: 'completed' });
});


/* Record-Routes the dialog, and sends each new call to the gateway. */
const kamailio = `#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=1
listen=udp:${PROXY}:5060
disable_tcp=yes
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "pv.so"
request_route {
	mf_process_maxfwd_header("10");
	if (has_totag()) {
		if (loose_route()) t_relay();
		exit;
	}
	record_route();
	if (is_method("INVITE")) $ru = "sip:gw@10.77.0.1:5060";
	t_relay();
}
`;


async function proxy(s)
{
	const config = join(s.dir, 'kamailio.cfg');

	writeFileSync(config, kamailio);

	const lib = `${KAMAILIO}/usr/lib`;
	const machine = readdirSync(lib).find((name) =>
		existsSync(`${lib}/${name}/kamailio/modules`));
	const party = s.join({ process: new Process('kamailio', [
		`${KAMAILIO}/usr/sbin/kamailio`, '-DD', '-E', '-f', config,
		'-L', `${lib}/${machine}/kamailio/modules`, '-Y', s.dir,
		'-P', join(s.dir, 'kamailio.pid')]) });

	/* its children end with it only if it ends in an orderly way */
	party.kill = () => party.process.kill('SIGTERM');
	await party.process.log.wait((l) => /Listening on|udp: /.test(l),
		'that it listens');
}


scene('through a Record-Route proxy: the REFER follows the route set',
	async (s) => {
	await proxy(s);

	const { client } = await s.control();
	const refer = await transfer(client, await s.call(client, 'transfer',
		ANSWERED, { to: `${PROXY}:5060` }));
	const vias = refer.fields.filter(([name]) => /^(via|v)$/i.test(name));

	assert.equal(vias.length, 2);
	assert.match(vias[0][1], new RegExp(`UDP ${PROXY}`));
	assert.match(vias[1][1], /UDP 10\.77\.0\.1:/);
}, { skip: KAMAILIO === undefined && 'kamailio is missing' });

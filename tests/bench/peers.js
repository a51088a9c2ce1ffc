/**
 * @file peers.js  The programs that are measured, each ready to take calls
 *
 * A peer has `control`, what bench-transfer is told of it, and `pids`.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Baresip } from '../e2e/lib/baresip.js';
import { Process } from '../e2e/lib/process.js';
import { Referd } from '../e2e/lib/referd.js';

const USERS = ['gw0', 'gw1', 'gw2', 'gw3'];
const JANUS = '/usr/lib/x86_64-linux-gnu/janus';
const JANUS_PORT = 8188;


/*
 * Signalling only: no sound is sent. 1,024 descriptors, two for each call, are
 * compiled into baresip.
 */
function gateway(dir, { ip, name, config = {}, ...options })
{
	return Baresip.start(dir, { name, ip, users: USERS, sound: false, trace: false,
		account: ';answermode=auto',
		config: { call_max_calls: 2000, ...config }, ...options });
}


/** referd with so many baresips, each with sip_refer.so. */
export class Ours {
	static async start(dir, { ips = ['10.77.0.1'] } = {})
	{
		const o = new Ours();

		mkdirSync(dir);
		o.name = 'referd';
		o.referd = await Referd.start(join(dir, 'referd'));
		o.gateways = [];
		for (const ip of ips) {
			const name = `gw-${ip.split('.').at(-1)}`;
			const g = await gateway(join(dir, name), { ip, name,
				module: true, config: {
					sip_refer_socket: o.referd.socket,
					sip_refer_node: name } });

			/* nobody listens to what its ctrl_tcp has to say */
			g.ctrl.destroy();
			o.gateways.push(g);
		}
		await o.referd.knows(ips.length);

		const at = new URL(o.referd.http);
		o.control = ['referd', at.host, ...ips.map((ip) =>
			`${ip}:5060`)].join();
		o.processes = [o.referd.process,
			...o.gateways.map((g) => g.process)];

		return o;
	}
}


/** A stock baresip, transferring by its ctrl_tcp. */
export class Stock {
	static async start(dir, { ip, type })
	{
		const p = new Stock();

		p.name = type;
		p.gateway = await gateway(dir, { ip, name: type });
		p.gateway.ctrl.destroy();
		p.control = [type, `${ip}:4444`, `${ip}:5060`].join();
		p.processes = [p.gateway.process];

		return p;
	}
}


/* Janus gathers no ICE candidate on a loopback interface. */
function addInterface()
{
	for (const args of ['link add ice0 type veth peer name ice1',
		'address add 10.78.0.1/24 dev ice0', 'link set ice0 up',
		'link set ice1 up'])
		spawnSync('ip', args.split(' '));
}


/** Janus with its SIP plugin and WebSockets, where it is installed. */
export class Janus {
	static available()
	{
		return !spawnSync('janus', ['--version']).error;
	}

	static async start(dir, { ip, far })
	{
		const p = new Janus();
		const write = (name, text) =>
			writeFileSync(join(dir, `janus.${name}jcfg`), text);
		const only = (kind, plugin) => {
			const path = join(dir, kind);

			mkdirSync(path);
			if (plugin)
				symlinkSync(join(JANUS, kind, plugin),
					join(path, plugin));

			return `${kind}_folder = "${path}"\n`;
		};

		addInterface();
		mkdirSync(dir);
		write('', 'general: { debug_level = 4\n' +
			only('plugins', 'libjanus_sip.so') +
			only('transports', 'libjanus_websockets.so') +
			only('events') + only('loggers') + '}\n');
		write('plugin.sip.', `general: { local_ip = "${ip}" }\n`);
		write('transport.websockets.',
			`general: { ws = true\n ws_port = ${JANUS_PORT}\n` +
			' json = "compact" }\n');

		p.name = 'janus';
		p.process = new Process('janus', ['janus', '-F', dir,
			'-C', join(dir, 'janus.jcfg')]);
		await p.process.log.wait((l) =>
			l.startsWith('WebSockets thread started'),
			'line of its WebSockets');
		p.control = ['janus', `${ip}:${JANUS_PORT}`, far].join();
		p.processes = [p.process];

		return p;
	}
}


export function pids(peer)
{
	return peer.processes.map((p) => p.pid);
}

/**
 * @file peers.js  The programs to measure, each ready to take calls
 *
 * A peer has `control`, its argument to bench-transfer, and `pids`.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync,
	writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Baresip } from '../e2e/lib/baresip.js';
import { Embedded } from '../e2e/lib/embedded.js';
import { Process } from '../e2e/lib/process.js';
import { Referd } from '../e2e/lib/referd.js';
import { settings } from '../e2e/lib/settings.js';

const USERS = ['gw0', 'gw1', 'gw2', 'gw3'];
const JANUS = '/usr/lib/x86_64-linux-gnu/janus';
const JANUS_PORT = 8188;
const ASTERISK = (process.env.ASTERISK || 'asterisk').split(' ');
const ASTERISK_ROOT = process.env.ASTERISK_ROOT || '/';


/*
 * Signalling only: no sound is sent. 1,024 descriptors, two for each call, are
 * compiled into baresip.
 */
function quiet(dir, { ip, name, users = USERS, config = {}, ...options })
{
	return { name, ip, users, sound: false, trace: false,
		account: ';answermode=auto', output: `${dir}.log`,
		config: { call_max_calls: 2000, ...config }, ...options };
}


function gateway(dir, options)
{
	return Baresip.start(dir, quiet(dir, options));
}


/** referd with so many baresips, each with sip_refer.so. */
export class Ours {
	/**
	 * @param options `ips` of the baresips; `name` that the driver knows it
	 *                by; `args` of referd; further ones are theirs
	 */
	static async start(dir, { ips = ['10.77.0.1'], name: known = 'referd',
		args, ...options } = {})
	{
		const o = new Ours();

		mkdirSync(dir);
		o.name = known;
		o.many = true; /* calls at once */
		o.referd = await Referd.start(join(dir, 'referd'),
			{ output: join(dir, 'referd.log'), args });
		o.gateways = [];
		for (const ip of ips) {
			const name = `gw-${ip.split('.').at(-1)}`;
			const g = await gateway(join(dir, name), { ip, name,
				module: true, ctrl: false, config: {
					sip_refer_socket: o.referd.socket,
					sip_refer_node: name },
				...options });

			o.gateways.push(g);
		}
		await o.referd.knows(ips.length);

		const at = new URL(o.referd.http);
		o.control = [known, at.host, ...ips.map((ip) =>
			`${ip}:5060`)].join();
		o.processes = [o.referd.process,
			...o.gateways.map((g) => g.process)];

		return o;
	}
}


/** A baresip that has referd in its own process. */
export class Inside {
	static available()
	{
		return existsSync(settings.service);
	}

	/**
	 * @param options `ip`; `referd`: options of Referd.start(); further
	 *                ones are the baresip's
	 */
	static async start(dir, { ip = '10.77.0.9', referd, ...options } = {})
	{
		const o = new Inside();

		o.name = 'embedded';
		o.many = true; /* calls at once */
		o.referd = await Embedded.start(dir, referd, quiet(
			join(dir, 'baresip'), { ip, name: 'gw-in', ctrl: false,
				...options }));
		await o.referd.knows(1);

		const at = new URL(o.referd.http);
		o.control = ['embedded', at.host, `${ip}:5060`].join();
		o.processes = [o.referd.process];

		return o;
	}
}


/** A stock baresip, transferring by its ctrl_tcp. */
export class Stock {
	/* 1.1 has no current call, once that was transferred */
	static available()
	{
		return settings.baresipVersion !== '1.1';
	}

	static async start(dir, { ip, type, ...options })
	{
		const p = new Stock();

		p.name = type;
		p.gateway = await gateway(dir, { ip, name: type, ...options });
		p.gateway.ctrl.destroy();
		p.control = [type, `${ip}:4444`, `${ip}:5060`].join();
		p.processes = [p.gateway.process];

		return p;
	}
}


/** A stock baresip with a process in between that only passes on. */
export class Relay {
	static async start(dir, { ip })
	{
		const p = await Stock.start(dir, { ip, type: 'ctrl_tcp-relay' });
		const relay = new Process('relay', [join(settings.build,
			'tests/bench/bench-relay'), ip, '4444'],
		{ output: `${dir}-relay.log` });
		const line = await relay.log.wait((l) =>
			l.startsWith('relay: '), 'line with its address');

		p.control = [p.name, line.slice('relay: '.length),
			`${ip}:5060`].join();
		p.processes.push(relay);

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
			'-C', join(dir, 'janus.jcfg')],
			{ output: join(dir, 'log') });
		await p.process.log.wait((l) =>
			l.startsWith('WebSockets thread started'),
			'line of its WebSockets');
		p.control = ['janus', `${ip}:${JANUS_PORT}`, far].join();
		p.processes = [p.process];

		return p;
	}
}


/* Those that a call, a transfer and the manager interface need. */
const ASTERISK_MODULES = ['res_sorcery_config', 'res_sorcery_memory',
	'res_sorcery_astdb', 'res_pjproject', 'res_pjsip', 'res_pjsip_session',
	'res_pjsip_pubsub', 'res_pjsip_endpoint_identifier_anonymous',
	'res_rtp_asterisk', 'res_pjsip_sdp_rtp', 'chan_pjsip', 'func_channel',
	'res_pjsip_refer', 'app_transfer', 'app_userevent', 'pbx_config'];


/* Its files of configuration: it takes calls from anyone, and sends no RTP. */
function asteriskFiles(dir, ip)
{
	return {
		'asterisk.conf': '[directories]\n' +
			['etc', 'db', 'run', 'log', 'spool'].map((name) =>
				`ast${name}dir => ${dir}\n`).join(''),
		'modules.conf': '[modules]\nautoload = no\n' +
			ASTERISK_MODULES.map((name) =>
				`require = ${name}.so\n`).join(''),
		'manager.conf': '[general]\nenabled = yes\n' +
			`bindaddr = ${ip}\n[bench]\nsecret = bench\n` +
			'read = user\nwrite = call\n',
		'pjsip.conf': '[udp]\ntype = transport\nprotocol = udp\n' +
			`bind = ${ip}\n[anonymous]\ntype = endpoint\n` +
			'context = bench\ndisallow = all\nallow = ulaw\n',
		'extensions.conf': `[bench]
exten => _gw.,1,Answer()
 same => n,UserEvent(Up,CallID: \${CHANNEL(pjsip,call-id)})
 same => n,Wait(3600)
exten => refer,1,Transfer(PJSIP/sip:bob@10.77.0.3)
 same => n,UserEvent(Done,CallID: \${CHANNEL(pjsip,call-id)},Status: \
\${TRANSFERSTATUS})
 same => n,Hangup()
`,
	};
}


/** Asterisk with its manager interface, where it is installed. */
export class Asterisk {
	static available()
	{
		/* a named one that does not run is reported */
		return Boolean(process.env.ASTERISK) ||
			!spawnSync('asterisk', ['-V']).error;
	}

	static async start(_dir, { ip })
	{
		const p = new Asterisk();
		const dir = mkdtempSync(join(ASTERISK_ROOT,
			'tmp/sip-refer-asterisk-'));
		const seen = `/${relative(ASTERISK_ROOT, dir)}`;

		for (const [name, text] of Object.entries(
			asteriskFiles(seen, ip)))
			writeFileSync(join(dir, name), text);

		p.name = 'asterisk';
		p.process = new Process('asterisk', [...ASTERISK, '-fn',
			'-C', `${seen}/asterisk.conf`],
			{ output: join(dir, 'output') });
		p.process.exited.then(() =>
			rmSync(dir, { recursive: true, force: true }));
		await p.process.log.wait((l) => l.includes('Asterisk Ready'),
			'line that it is ready');
		p.control = ['asterisk', `${ip}:5038`, `${ip}:5060`].join();
		p.processes = [p.process];

		return p;
	}
}


export function pids(peer)
{
	return peer.processes.map((p) => p.pid);
}

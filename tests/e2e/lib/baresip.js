/**
 * @file baresip.js  A stock baresip, driven over its ctrl_tcp module
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Journal } from './journal.js';
import { Process } from './process.js';
import { joinEnv, jumpEnv, sanitizerEnv, settings }
	from './settings.js';

const CTRL_PORT = 4444;
const OURS = ['sip_refer.so', 'referd.so'];


/*
 * baresip loads modules from one directory only, by file name. Our modules
 * that are installed there are not the ones under test.
 */
function linkModules(dir, ours)
{
	mkdirSync(dir);

	for (const name of readdirSync(settings.baresipModules)) {
		if (!OURS.includes(name))
			symlinkSync(join(settings.baresipModules, name),
				join(dir, name));
	}

	for (const [name, path] of Object.entries(ours))
		symlinkSync(path, join(dir, name));
}


/* An IPv6 address without its brackets */
function bare(ip)
{
	return ip.replace(/[[\]]/g, '');
}


/*
 * For a call, baresip 4.x uses only the address that the kernel chooses
 * towards the peer. On the loopback that is the first of all; therefore the
 * test makes every address the baresip's own. baresip 4.x resamples by a
 * module, and does not answer a second call by itself if it has to hold the
 * first. 1.1.0 accepts no call to one of several addresses.
 */
function ofRelease(ip)
{
	if (settings.baresipMajor < 4)
		return [`net_interface ${bare(ip)}`];

	return [
		'net_interface lo',
		'call_hold_other_calls no',
		'module auresamp.so',
	];
}


const tone = [
	'module ausine.so',
	'audio_source ausine,440',
	'ausrc_srate 48000',
	'ausrc_channels 2',
];


function writeConfig(dir, { ip, port, ctrlPort, users, account, module,
	modules, ctrl, sound, config })
{
	const lines = [
		'poll_method epoll',
		`sip_listen ${ip}:${port}`,
		`module_path ${join(dir, 'modules')}`,
		'module g711.so',
		...sound ? tone : [],
		...ofRelease(ip),
		'statmode_default off',
		'module_app account.so',
		'module_app menu.so',
		...ctrl ? ['module_app ctrl_tcp.so',
			`ctrl_tcp_listen ${ip}:${ctrlPort}`] : [],
		...Object.entries({ call_max_calls: 100, ...config })
			.map(([key, value]) => `${key} ${value}`),
	];

	for (const name of [...module ? ['sip_refer.so'] : [],
		...Object.keys(modules)])
		lines.push(`module_app ${name}`);

	writeFileSync(join(dir, 'config'), lines.join('\n') + '\n');
	writeFileSync(join(dir, 'accounts'), users.map((user) =>
		`<sip:${user}@${ip}${port === 5060 ? '' : `:${port}`}>` +
		`;regint=0${account}\n`).join(''));
	writeFileSync(join(dir, 'contacts'), '');
}


/** Splits ctrl_tcp's netstrings into objects. */
class Netstrings {
	constructor(handler)
	{
		this.handler = handler;
		this.rest = Buffer.alloc(0);
	}

	feed(data)
	{
		this.rest = Buffer.concat([this.rest, data]);

		for (;;) {
			const colon = this.rest.indexOf(':');
			if (colon < 0)
				return;

			const size = Number(this.rest.subarray(0, colon));
			const end = colon + 1 + size;
			if (this.rest.length <= end)
				return;

			const text = this.rest.subarray(colon + 1, end);
			this.rest = this.rest.subarray(end + 1);
			this.handler(JSON.parse(text));
		}
	}
}


/**
 * One baresip with an address of its own.
 *
 * `events` holds the reports of its ctrl_tcp, which may be late by a moment.
 */
export class Baresip {
	/**
	 * @param dir     Directory for all of its files, created here
	 * @param options `name`: user part and log name; `ip`, `port`;
	 *                `users`: user parts, if more than that; `sound`:
	 *                whether it sends any; `trace`: whether it prints
	 *                each SIP message;
	 *                `module`: whether it loads sip_refer.so; `modules`:
	 *                further modules of ours to load, names and paths;
	 *                `env`: variables; `ctrl`:
	 *                whether it loads ctrl_tcp.so; without it the test
	 *                cannot query it, and `events` is empty; `account`:
	 *                parameters, e.g. `;answermode=auto`; `config`:
	 *                further settings; `wrap`: a command to run it under;
	 *                `output`: a file for its output; `clock`: a file with
	 *                the error of its clock in seconds
	 */
	static async start(dir, { name, ip, port = 5060, ctrlPort = CTRL_PORT,
		users = [name], module = false, modules = {}, ctrl = true,
		sound = true, trace = true, account = '', config = {},
		wrap = [], env = {}, clock, output })
	{
		const b = new this();
		const all = joinEnv(module ? sanitizerEnv() : {}, env);

		mkdirSync(dir);
		linkModules(join(dir, 'modules'),
			{ 'sip_refer.so': settings.module, ...modules });
		writeConfig(dir, { ip, port, ctrlPort, users, account, module,
			modules, ctrl, sound, config });

		b.name = name;
		b.config = config;
		b.uri = `sip:${name}@${ip}` + (port === 5060 ? '' : `:${port}`);
		b.launch = [[...wrap, settings.baresip,
			...trace ? ['-s'] : [], '-f', dir],
			{ env: clock ? jumpEnv(clock, all) : all, output }];
		b.address = ctrl && [ip, ctrlPort];
		await b.run();

		return b;
	}

	/** Starts it, or starts it again. */
	async run()
	{
		this.events = new Journal(`${this.name}'s events`);
		this.calls = new Map();
		this.over = new Set(); /* ids; none is used again */
		this.token = 0;
		this.process = new Process(this.name, ...this.launch);

		await this.process.log.wait((l) => l === 'baresip is ready.',
			'line "baresip is ready."');
		if (this.address)
			await this.attach(...this.address);
	}

	/* A connection may report its end when the next baresip runs already. */
	attach(ip, port)
	{
		const { events, calls } = this;
		const input = new Netstrings((message) => {
			if (events === this.events)
				this.take(message);
		});

		this.ctrl = connect({ host: bare(ip), port, noDelay: true });
		this.ctrl.on('data', (data) => input.feed(data));
		this.ctrl.on('close', () => {
			calls.clear();
			events.end('its ctrl_tcp is closed');
		});

		return new Promise((resolve, reject) => {
			this.ctrl.on('connect', resolve);
			this.ctrl.on('error', reject);
		});
	}

	take(message)
	{
		if (message.type === 'CALL_CLOSED')
			this.over.add(message.id);
		else if (message.type === 'CALL_ESTABLISHED')
			this.calls.set(message.id, message);

		this.events.add(message);
	}

	/** The calls that it has reported as established, so far. */
	reported()
	{
		return [...this.calls.values()]
			.filter(({ id }) => !this.over.has(id));
	}

	/** The established calls: `id`, `peeruri`, `direction` of each. */
	async talking()
	{
		await this.command('listcalls'); /* older reports come before */

		return this.reported();
	}

	/** Runs a command of baresip's menu and returns its output. */
	async command(command, params)
	{
		const token = `t${++this.token}`;
		const text = JSON.stringify({ command, params, token });

		this.ctrl.write(`${Buffer.byteLength(text)}:${text},`);

		const reply = await this.events.wait((e) => e.token === token,
			`reply to ${command}`);
		if (!reply.ok)
			throw new Error(
				`${this.name}: ${command}: ${reply.data}`);

		return reply.data;
	}

	dial(uri)
	{
		return this.command('dial', uri);
	}

	/** An event by its type, and by the peer's URI if one is given. */
	event(type, peer, options)
	{
		return this.events.wait((e) => e.type === type &&
			(!peer || e.peeruri?.includes(peer)),
			`event ${type}${peer ? ` with ${peer}` : ''}`, options);
	}

	/** Ends it by its command `quit`; its exit status. */
	async quit()
	{
		this.command('quit').catch(() => {});

		return this.process.ended();
	}

	kill(signal)
	{
		return this.process.kill(signal);
	}
}

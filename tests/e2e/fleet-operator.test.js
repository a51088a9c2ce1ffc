/**
 * @file fleet-operator.test.js  referctl fleet, against real nats-servers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync }
	from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { NO_FLEET, program } from './lib/nats.js';
import { Node } from './lib/node.js';
import { Process } from './lib/process.js';
import { Referctl } from './lib/referctl.js';
import { scene, settings } from './lib/scene.js';
import { Servers } from './lib/servers.js';
import { sanitizerOptions } from './lib/settings.js';

const NAMES = ['gw1', 'gw2'];
const skip = NO_FLEET;


function ctl(s, ...args)
{
	return new Referctl(s, ['fleet', ...args]).end();
}


/* Running servers, and the operator's access to them */
async function start(s, options)
{
	const servers = await Servers.start(s.dir, NAMES, { ...options,
		started: (p) => s.join({ process: p,
			kill: (signal) => p.kill(signal) }) });

	servers.as = (name) => ['--fleet', servers.urls, '--fleet-node', name,
		'--fleet-nkey', join(servers.keys, `${name}.nk`)];

	return servers;
}


/* A member with a baresip, and so with events to publish. */
async function startMember(s, servers, name, args = ['--fleet-view', 'yes'])
{
	const referd = await s.referd({ args: [...servers.as(name), ...args] });
	const node = await Node.connect(referd.socket, name);

	return { referd, node };
}


/* Runs status until `says` accepts it; a new fleet takes a while. */
async function until(s, servers, says, who = 'operator')
{
	let last;

	for (let i = 0; i < 20; i++) {
		last = await ctl(s, 'status', '--json', ...servers.as(who));
		if (last.text.startsWith('{') && says(JSON.parse(last.text)))
			return { ...last, ...JSON.parse(last.text) };
	}

	assert.fail(last.text);
}


scene('init makes the stream, and tells how one that is there differs',
	async (s) => {
	const servers = await start(s);
	const init = (...args) => ctl(s, 'init', ...servers.as('operator'),
		...args);

	const made = await init('--keep-days', '3', '--keep-mb', '100');
	assert.match(made.text, /^the stream FLEET is made, with 3 replicas; its epoch is 2.*Z$/);
	assert.equal(made.status, 0);

	const { config } = JSON.parse((await init('--json')).text);
	assert.deepEqual([config.subjects, config.storage, config.discard,
		config.max_age, config.max_bytes, config.duplicate_window,
		config.deny_delete, config.deny_purge, config.num_replicas],
		[['fleet.ev.*', 'fleet.lost.*.*'], 'file', 'old', 3 * 86400e9,
			100 << 20, 120e9, true, true, 3]);

	const same = await init();
	assert.equal(same.text, made.text.replace('is made', 'exists and fits'));
	assert.equal(same.status, 0);

	const other = await init('--keep-mb', '200');
	assert.equal(other.text, 'referctl: the stream FLEET exists ' +
		'and differs: max_bytes is 104857600 and should be 209715200; ' +
		'--update changes what can be changed');
	assert.equal(other.status, 1);

	const changed = await init('--keep-mb', '200', '--replicas', '1',
		'--update');
	assert.equal(changed.text, made.text
		.replace('is made, with 3 replicas', 'is changed, with 1 replica'));
	const after = JSON.parse((await init('--json')).text).config;
	assert.deepEqual([after.max_bytes, after.max_age, after.num_replicas],
		[200 << 20, 3 * 86400e9, 1]);

	const anew = await init('--anew');
	assert.match(anew.text, /^the stream FLEET is made, with 1 replica;/);
	assert.notEqual(anew.text.split('epoch')[1],
		made.text.split('epoch')[1]);
}, { skip });


scene('what is wrong is one sentence', async (s) => {
	const file = join(s.dir, 'referd.conf');

	writeFileSync(file, 'fleet = nats://user:secret@10.77.0.9:4222\n' +
		'listen = 127.0.0.1:0\n');
	for (const [said, status, ...args] of [
		['fleet must be followed by init, status or config', 2],
		['--fleet must name the nats-servers of the fleet, such as ' +
			'nats://10.0.0.1:4222,nats://10.0.0.2:4222', 2,
			'status'],
		['--fleet must be URLs separated by commas, such as ' +
			'nats://10.0.0.1:4222', 2, 'init', '--fleet', 'nats://a:4222,,nats://b'],
		['--fleet-name must have 1 to 63 letters, digits, - and _', 2,
			'init', '--fleet', 'a', '--fleet-name', 'a.b'],
		['--replicas must be a number from 1 to 5', 2, 'init',
			'--fleet', 'a', '--replicas', '7'],
		['fleet init takes either --update or --anew', 2, 'init',
			'--update', '--anew'],
		['fleet config takes NODE...; see --help', 2, 'config'],
		['NODE gw1 must appear only once', 2, 'config', 'gw1', 'gw1',
			'--fleet', 'a'],
		['NODE must not be operator: that is the name of the user ' +
			'that makes the stream', 2, 'config', 'operator',
			'--fleet', 'a'],
		['--server must be one of --fleet, not c', 2, 'config',
			'gw1', '--fleet', 'a,b', '--server', 'c'],
		[`cannot make ${s.dir}/none/cluster.nk: No such file or ` +
			'directory', 1, 'config', 'gw1', '--fleet', 'a',
			'--keys', join(s.dir, 'none')],
		['status has no option --token; see --help', 2, 'status',
			'--token', 'a'],
	]) {
		const { status: is, text } = await ctl(s, ...args);

		assert.match(text, /^referctl: [^\n]*$/);
		assert.ok(text.endsWith(said), text);
		assert.equal(is, status, text);
	}

	/* From the settings of referd; the output must hide the password */
	const { status, text } = await ctl(s, 'status', '--config', file);
	assert.match(text, /^referctl: cannot reach a nats-server at 10\.77\.0\.9:4222 within 5 s: .+$/);
	assert.equal(status, 1);
}, { skip });


scene('without keys each user has a password, another each time', async (s) => {
	const print = () => execFileSync(settings.referctl, ['fleet', 'config',
		...NAMES, '--fleet', 'nats://127.0.0.1:14222', '--store',
		join(s.dir, 'store')], { encoding: 'utf8' });
	const file = join(s.dir, 'nats.conf');
	const text = print();
	const passwords = (t) => [...t.matchAll(/password: "([0-9a-f]+)"/g)]
		.map(([, word]) => word);

	writeFileSync(file, text);
	assert.equal(spawnSync(program, ['-t', '-c', file]).status, 0);
	assert.equal(new Set([...passwords(text), ...passwords(print())]).size,
		6);
	assert.match(text, /^#   fleet = nats:\/\/gw1:PASSWORD@127\.0\.0\.1:14222$/m);
	assert.doesNotMatch(text, /^cluster/m);
}, { skip });


scene('the printed configuration is one that nats-server runs with',
	async (s) => {
	const servers = await start(s);

	for (const i of [0, 1, 2]) {
		assert.equal(spawnSync(program, ['-t', '-c',
			servers.file(i)]).status, 0);
		/* The settings for TLS are filled in, but commented out */
		assert.match(readFileSync(servers.file(i), 'utf8'),
			/^#tls \{$[^}]*verify: true/m);
	}
	for (const name of [...NAMES, 'operator', 'cluster'])
		assert.equal(statSync(join(servers.keys, `${name}.nk`)).mode &
			0o777, 0o600);

	/* The servers refuse a foreign key, and a client without a key */
	const dir = join(s.dir, 'others');
	mkdirSync(dir);
	await ctl(s, 'config', 'gw1', '--fleet', 'a', '--keys', dir);
	for (const args of [['--fleet', servers.urls],
		['--fleet', servers.urls, '--fleet-nkey',
			join(dir, 'gw1.nk')]]) {
		const { status, text } = await ctl(s, 'status', ...args);

		assert.match(text, /^referctl: cannot reach .*[Aa]uthoriz/);
		assert.equal(status, 1);
	}
}, { skip });


scene('a member may do what a member does, and nothing else', async (s) => {
	const servers = await start(s, { count: 1 });

	assert.equal((await ctl(s, 'init', ...servers.as('operator'),
		'--keep-mb', '64')).status, 0);

	/* A member must not make, change or delete the stream */
	const refused = await ctl(s, 'init', '--anew', ...servers.as('gw1'));
	assert.equal(refused.text, 'referctl: cannot ask ' +
		'$JS.API.STREAM.DELETE.FLEET: Permissions Violation for ' +
		'Publish to "$JS.API.STREAM.DELETE.FLEET"');
	const changed = await ctl(s, 'init', '--update', '--keep-mb', '65',
		...servers.as('gw1'));
	assert.match(changed.text, /Permissions Violation for Publish to "\$JS\.API\.STREAM\.UPDATE\.FLEET"/);
	assert.equal((await ctl(s, 'init', ...servers.as('operator'))).status,
		0);

	/* A member must not receive the messages for another member */
	const { status, text } = await ctl(s, 'status', '--fleet', servers.urls,
		'--fleet-nkey', join(servers.keys, 'gw1.nk'),
		'--fleet-node', 'gw2');
	assert.match(text, /^missing: the stream FLEET does not answer$/m);
	assert.equal(status, 1);
}, { skip });


/*
 * Logs in to a server with a name and a password, sends lines of the protocol,
 * then a PING, and returns the output of the server up to its answer.
 */
async function speak(port, user, pass, ...lines)
{
	const socket = connect(port, '127.0.0.1');
	let text = '';

	socket.write(`CONNECT ${JSON.stringify({ user, pass, verbose: false,
		pedantic: false, headers: true })}\r\n` +
		lines.map((l) => `${l}\r\n`).join('') + 'PING\r\n');
	for await (const data of socket) {
		text += data;
		if (text.includes('PONG'))
			break;
	}

	return text.split('\r\n').filter((l) => l.startsWith('-ERR'))
		.join('\n');
}


scene('each subject is the one member\'s that it names', async (s) => {
	const PORT = 14222;
	const file = join(s.dir, 'nats.conf');
	const text = execFileSync(settings.referctl, ['fleet', 'config',
		...NAMES, '--fleet', `nats://127.0.0.1:${PORT}`, '--store',
		join(s.dir, 'store')], { encoding: 'utf8' });
	const [, secret] = /user: "gw1", password: "([0-9a-f]+)"/.exec(text);

	writeFileSync(file, text);
	const server = new Process('nats-server', [program, '-c', file],
		{ env: { GOMEMLIMIT: '64MiB' } });
	s.join({ process: server, kill: (signal) => server.kill(signal) });
	await server.log.wait((l) => l.includes('Server is ready'), 'start');

	const pub = (subject) => `PUB ${subject} 2\r\n{}`;

	for (const line of [pub('fleet.ev.gw1'), pub('fleet.hb.gw1'),
		pub('fleet.lost.gw2.boot'), pub('fleet.rq.gw2'),
		pub('fleet.find'), pub('_INBOX.gw2.1'),
		pub('$JS.API.STREAM.INFO.FLEET'),
		pub('$JS.API.STREAM.MSG.GET.FLEET'),
		pub('$JS.API.CONSUMER.CREATE.FLEET'),
		pub('$JS.FC.FLEET.c.1'), 'SUB fleet.rq.gw1 1',
		'SUB fleet.hb.* 1', 'SUB fleet.find 1', 'SUB _INBOX.gw1.> 1'])
		assert.equal(await speak(PORT, 'gw1', secret, line), '', line);

	for (const line of [pub('fleet.ev.gw2'), pub('fleet.hb.gw2'),
		pub('fleet.other'), pub('$JS.API.STREAM.CREATE.FLEET'),
		pub('$JS.API.STREAM.DELETE.FLEET'),
		pub('$JS.API.STREAM.PURGE.FLEET'),
		pub('$JS.API.STREAM.MSG.DELETE.FLEET'),
		pub('$JS.API.STREAM.CREATE.MINE'),
		pub('$JS.API.CONSUMER.DURABLE.CREATE.FLEET.mine'),
		pub('$JS.API.META.LEADER.STEPDOWN'), 'SUB fleet.rq.gw2 1',
		'SUB fleet.ev.* 1', 'SUB _INBOX.gw2.> 1', 'SUB > 1'])
		assert.match(await speak(PORT, 'gw1', secret, line),
			/^-ERR 'Permissions Violation for (Publish|Subscription) to /,
			line);

	assert.match(await speak(PORT, 'gw2', secret, ''),
		/Authorization Violation/);
}, { skip });


scene('members that are printed users publish, view, and are told of',
	async (s) => {
	const servers = await start(s);
	const status = (...args) => ctl(s, 'status', ...args);

	assert.equal((await ctl(s, 'init', ...servers.as('operator'),
		'--keep-mb', '64')).status, 0);

	const gw1 = await startMember(s, servers, 'gw1');
	const gw2 = await startMember(s, servers, 'gw2', []);
	const client = await s.client(gw1.referd,
		{ query: '?scope=fleet' });

	/* The event that gw2 publishes is in the view of gw1 */
	gw2.node.call();
	await client.message('session:new', { member: 'gw2' });
	const well = await until(s, servers, (r) => !r.missing.length);
	assert.equal(well.status, 0);
	assert.deepEqual(well.members.map((m) => [m.member, m.reachable, m.view])
		.sort(), [['gw1', true, true], ['gw2', true, false]]);
	assert.deepEqual([well.fleet, well.stream.name, well.stream.replicas],
		['fleet', 'FLEET', 3]);
	assert.ok(well.stream.messages > 0);

	/* A member may run status, too; this is the text for people */
	const text = (await status(...servers.as('gw2'))).text.split('\n');
	assert.match(text[0], /^MEMBER +REACHABLE +VERSION +VIEW/);
	assert.match(text[3], /^stream FLEET at nats:.*: 3 replicas, leader fleet-\d, \d+ messages, \d+ bytes, 2.* to 2.*, epoch 2/);
	assert.equal(text.at(-1), 'all is well');

	/* status names the missing server and member */
	await servers.kill(0);
	await gw2.referd.kill();
	const lasting = (r) => r.missing.filter((m) =>
		!/behind|leader|stream FLEET/.test(m)).sort();
	const ill = await until(s, servers, (r) => lasting(r).length > 1);
	assert.equal(ill.status, 1);
	assert.equal(lasting(ill)[0], 'gw2 is not heard: its referd does not ' +
		'run or is cut off');
	assert.match(lasting(ill)[1], /^the server fleet-1, which has a replica, (is down|does not answer)$/);
}, { skip });


/*
 * Runs commands as an operator types them, in a root of their own. Changes of
 * the machine go to files in that root, and the test plays the services.
 */
function makeShell(s, { replace })
{
	const bin = join(s.dir, 'bin');
	const root = join(s.dir, 'root');
	const shims = {
		sudo: 'exec "$@"',
		'apt-get': 'exit 0',
		systemctl: 'exit 0',
		install: `args=; while [ $# -gt 0 ]; do case $1 in
			-o | -g) shift ;; /*) args="$args ${root}$1" ;;
			*) args="$args $1" ;; esac; shift; done
			mkdir -p ${root}/etc/referd; exec /usr/bin/install $args`,
		tee: `exec /usr/bin/tee -a ${root}$2`,
		referctl: `case $* in *status*) set -- "$@" --config ${
			root}/etc/referd/referd.conf ;; esac
			exec ${settings.referctl} "$@"`,
	};

	mkdirSync(bin);
	for (const [name, text] of Object.entries(shims))
		writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`,
			{ mode: 0o755 });

	const run = (text) => {
		const { status, stdout, stderr } = spawnSync('sh', ['-ec',
			replace(text)], { cwd: s.dir, encoding: 'utf8',
			env: { ...process.env, ...sanitizerOptions(),
				PATH: `${bin}:${process.env.PATH}` } });

		return { status, text: stdout + stderr };
	};

	return { root, run };
}


function startServer(s, file)
{
	const p = new Process('nats-server', [program, '-c', file],
		{ env: { GOMEMLIMIT: '64MiB' } });

	s.join({ process: p, kill: (signal) => p.kill(signal) });

	return p.log.wait((l) => l.includes('Server is ready'), 'start');
}


scene('each command of docs/fleet.md does what it says', async (s) => {
	const doc = readFileSync(join(settings.source, 'docs/fleet.md'), 'utf8');
	const [config, server, init, gateway, ...none] = [...doc.matchAll(
		/^```sh\n(.*?)^```$/gms)].map(([, text]) => text);
	const { root, run } = makeShell(s, { replace: (text) =>
		text.replaceAll(/\b10\.0\.0\.(\d)\b/g, '10.77.0.3$1') });
	const env = config.split('\n').find((l) => l.startsWith('export '));
	const works = (text) => {
		const { status, text: said } = run(`${env}\n${text}`);

		assert.equal(status, 0, `${text}: ${said}`);

		return said;
	};

	assert.deepEqual(none, []);
	for (const i of [1, 2, 3]) {
		works(config.replace(/--server.*/, (l) =>
			l.replaceAll('1', `${i}`).replace(`${i}0.0.0`, '10.0.0')));
		works(server.replaceAll('nats1', `nats${i}`));

		const file = join(s.dir, `server${i}.conf`);
		writeFileSync(file, readFileSync(join(root,
			'etc/nats-server.conf'), 'utf8').replaceAll(
			'"/var/lib/nats"', `"${join(s.dir, `store${i}`)}"`));
		startServer(s, file);
	}
	assert.match(works(init), /^the stream FLEET is made, with 3 replicas/);

	for (const name of NAMES) {
		const text = gateway.split('\n').filter((l) =>
			l && !l.includes('status')).join('\n')
			.replaceAll('gw1', name);
		const conf = join(root, 'etc/referd/referd.conf');

		writeFileSync(conf, '');
		works(text);
		writeFileSync(conf, readFileSync(conf, 'utf8')
			.replaceAll('/etc/', `${root}/etc/`));
		const referd = await s.referd({ args: ['--config', conf] });

		await Node.connect(referd.socket, name);
		rmSync(join(root, 'etc/referd/fleet.nk'));
		writeFileSync(join(root, 'etc/referd/fleet.nk'),
			readFileSync(join(s.dir, `keys/${name}.nk`)));
	}

	const status = gateway.split('\n').find((l) => l.includes('status'));
	let last;

	for (let i = 0; i < 20 && last?.status !== 0; i++)
		last = run(status);
	assert.equal(last.status, 0, last.text);
	for (const name of NAMES)
		assert.match(last.text, new RegExp(`^${name} +yes .* yes `, 'm'));
	assert.match(last.text, /^all is well$/m);
}, { skip });

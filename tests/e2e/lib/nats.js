/**
 * @file nats.js  The engine of a fleet: servers of NATS with JetStream
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NatsClient } from './natsclient.js';
import { Process } from './process.js';
import { settings } from './settings.js';
import { Site } from './site.js';

const FIRST_IP = 31; /* of 10.77.0.0/24, without sites */
const PORT = 4222;
const ROUTE_PORT = 6222;
const READY_TIME = 60_000; /* ms */

/* From an installed package, or one unpacked for the tests only */
export const program = [join(settings.source,
	'build-tools/nats-server/usr/sbin/nats-server'),
'/usr/sbin/nats-server', '/usr/bin/nats-server',
'/usr/local/bin/nats-server'].find((path) => existsSync(path));

/** The reason why a test cannot have a fleet, false if it can. */
export const NO_FLEET = !program ? 'nats-server is missing' :
	!existsSync(settings.fleetPlugin) && 'libnats is missing';


class Server {
	constructor(cluster, number, site)
	{
		this.cluster = cluster;
		this.number = number;
		this.site = site;
		this.name = `s${number}`;
		this.ip = site?.ip ?? `10.77.0.${FIRST_IP + number - 1}`;
		this.dir = join(cluster.dir, this.name);
		this.file = join(this.dir, 'nats.conf');
		mkdirSync(this.dir, { recursive: true });
	}

	get url()
	{
		return `nats://${this.ip}:${PORT}`;
	}

	config()
	{
		const { servers, extra } = this.cluster;
		const routes = servers.map((s) =>
			`nats-route://${s.ip}:${ROUTE_PORT}`);

		return `server_name: ${this.name}
host: ${this.ip}
port: ${PORT}
ping_interval: "2s"
ping_max: 2
lame_duck_grace_period: "1s"
lame_duck_duration: "30s"
jetstream { store_dir: "${join(this.dir, 'js')}", max_memory_store: 64MB,
	max_file_store: 2GB }
${servers.length > 1 ? `cluster { name: test, host: ${this.ip}
	port: ${ROUTE_PORT}, routes: [${routes.join(', ')}]
	connect_retries: 1000000 }` : ''}
${extra}
`;
	}

	/** Starts it, or restarts it with its files. */
	run()
	{
		writeFileSync(this.file, this.config());
		this.process = new Process(this.name, [
			...(this.site?.wrap ?? []), program, '-c', this.file],
		{ env: { GOMEMLIMIT: '96MiB', GOMAXPROCS: '2' } });
	}

	async ready()
	{
		await this.process.log.wait((l) =>
			l.includes('Server is ready'), 'Server is ready',
		{ timeout: READY_TIME });
	}

	async start()
	{
		this.run();
		await this.ready();
	}

	kill(signal = 'SIGKILL')
	{
		return this.process.kill(signal);
	}

	/** Makes it hang until cont(). */
	stop()
	{
		process.kill(this.process.pid, 'SIGSTOP');
	}

	cont()
	{
		process.kill(this.process.pid, 'SIGCONT');
	}

	/** Moves its clients to other servers, one by one, and ends it. */
	lameDuck()
	{
		process.kill(this.process.pid, 'SIGUSR2');
	}

	/** Makes it reload its file, with another `extra` of the cluster. */
	reload()
	{
		writeFileSync(this.file, this.config());
		process.kill(this.process.pid, 'SIGHUP');
	}

	forget()
	{
		rmSync(join(this.dir, 'js'), { recursive: true, force: true });
	}
}


/** One to three servers, and a client of theirs for the test. */
export class Cluster {
	/**
	 * @param dir     Directory for their files
	 * @param options `servers`: how many; `sites`: each on a machine of
	 *                its own; `extra`: more lines of their configuration;
	 *                `stream`: of makeStream(), false for none; `admin`:
	 *                of NatsClient.connect()
	 */
	static async start(dir, { servers = 1, sites = false, extra = '',
		stream = {}, admin = {} } = {})
	{
		const c = new Cluster();

		Object.assign(c, { dir, extra, servers: [], sites: [], admin });
		for (let i = 1; i <= servers; i++) {
			const site = sites && await Site.start();

			if (site)
				c.sites.push(site);
			c.servers.push(new Server(c, i, site));
		}
		c.servers.forEach((s) => s.run());
		await Promise.all(c.servers.map((s) => s.ready()));
		if (stream)
			await c.makeStream(stream);

		return c;
	}

	/** Servers that end with a scene, which prints their output on failure. */
	static async join(scene, options)
	{
		const c = await Cluster.start(scene.path('nats'), options);

		c.servers.forEach((server) => scene.join(server));
		scene.join({ process: { kill: () => c.end(), name: 'nats',
			log: { items: [] } } });

		return c;
	}

	/** For --fleet; `scheme` and `user` as in tls://USER:PASSWORD@. */
	urls({ scheme = 'nats', user = '' } = {})
	{
		return this.servers.map((s) =>
			`${scheme}://${user && `${user}@`}${s.ip}:${PORT}`)
			.join(',');
	}

	/** A client of the first server that answers. */
	async client(server)
	{
		if (server)
			return NatsClient.connect({ host: server.ip,
				...this.admin });

		if (this.known && !this.known.closed)
			return this.known;

		for (const s of this.servers.filter((one) =>
			one.process?.alive)) {
			try {
				this.known = await this.client(s);
				return this.known;
			}
			catch (err) {
				this.failure = err;
			}
		}

		throw this.failure ?? new Error('no server runs');
	}

	async makeStream(config)
	{
		const c = await this.client();

		return c.makeStream({ num_replicas: this.servers.length,
			...config });
	}

	/** The answer of the servers, as soon as one of them answers. */
	async asked(question)
	{
		const end = Date.now() + READY_TIME;

		for (;;) {
			try {
				return await question(await this.client());
			}
			catch (err) {
				if (Date.now() > end || err.code === 404)
					throw err;
			}
			await new Promise((resolve) =>
				setTimeout(resolve, 50));
		}
	}

	/** The running server that leads the stream. */
	async leader(stream = 'FLEET')
	{
		return this.asked(async (client) => {
			const { cluster } = await client.info(stream);
			const found = this.servers.find((s) =>
				s.process.alive &&
				s.name === (cluster?.leader ?? 's1'));

			if (!found)
				throw new Error(`${stream} has no leader`);

			return found;
		});
	}

	/** All messages of the stream, each with `seq`; see natsclient.js. */
	async messages(stream = 'FLEET', from = 1)
	{
		return this.asked((client) => client.messages(stream, from));
	}

	/** The messages that each server has, in a Map by its name. */
	async copies(stream = 'FLEET')
	{
		const copies = new Map();

		while (copies.size < this.servers.length) {
			const { server, messages } = await this.asked(
				(client) => client.read(stream));

			copies.set(server, messages);
		}

		return copies;
	}

	/**
	 * The events of the stream, in its order
	 *
	 * @param member Name of the member; all members by default
	 *
	 * @return Objects with `member`, `f` and `event`
	 */
	async events(member, { name = 'fleet', from = 1 } = {})
	{
		const messages = await this.messages(name.toUpperCase(), from);

		return messages.filter((m) => m.subject.startsWith(`${name}.ev.`))
			.flatMap((m) => {
				const [head, ...lines] = m.data.split('\n')
					.filter((l) => l).map((l) => JSON.parse(l));

				return lines.map((event, i) => ({ head,
					member: head.member, event,
					f: m.seq * 256 + i + 1 }));
			}).filter((e) => !member || e.member === member);
	}

	async end()
	{
		this.known?.close();
		await Promise.all(this.servers.map((s) => s.process?.alive &&
			s.kill()));
		await Promise.all(this.sites.map((s) => s.kill()));
	}
}

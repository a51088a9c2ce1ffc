/**
 * @file scene.js  The parties of one test, from their start to their end
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Baresip } from './baresip.js';
import { Client } from './client.js';
import { DaemonOnly, Embedded } from './embedded.js';
import { Referd } from './referd.js';
import { assertLives, assertRows } from './rows.js';
import { settings } from './settings.js';
import { Sipp } from './sipp.js';

const GATEWAY = '10.77.0.1';
const CARRIER = '10.77.0.2';
const AGENT = '10.77.0.3';
const FIRST_SIPP = 11;
const LAST_LINES = 100;
const CASES = new RegExp(process.env.CASES ?? ''); /* those to declare */


/* A baresip that answers by itself; `node` is the name of its link. */
function gatewayOptions({ name = 'gw', ip = GATEWAY, config,
	account = ';answermode=auto', ...rest } = {})
{
	return { name, ip, account, ...rest,
		config: { sip_refer_node: name, ...config } };
}


class Scene {
	constructor()
	{
		this.dir = mkdtempSync(join(tmpdir(), 'sip-refer-'));
		this.parties = [];
		this.clients = [];
		this.sipps = 0;
	}

	join(party)
	{
		this.parties.push(party);

		return party;
	}

	path(name)
	{
		return join(this.dir, `${this.parties.length}-${name}`);
	}

	/**
	 * @param options Of Referd.start()
	 * @param gateway The later options of gateway(): an embedded referd
	 *                starts its gateway here
	 */
	async referd(options, gateway)
	{
		const path = this.path('referd');

		if (!settings.embedded)
			return this.join(await Referd.start(path, options));

		const e = await Embedded.start(path, options,
			gatewayOptions(gateway));

		e.asked = gateway;
		this.joinGateway(e, e.gateway);

		return this.join(e); /* ends first, and the gateway with it */
	}

	/** A baresip that has sip_refer.so and answers by itself. */
	async gateway(referd, options)
	{
		if (referd instanceof Embedded) {
			if (referd.taken || referd.asked !== options)
				throw new DaemonOnly('it has one gateway, ' +
					'the baresip that it is in');
			referd.taken = true;

			return referd.gateway;
		}

		const { config, ...rest } = gatewayOptions(options);

		return this.joinGateway(referd, await Baresip.start(
			this.path(rest.name), { module: true, ...rest, config: {
				sip_refer_socket: referd.socket, ...config } }));
	}

	joinGateway(referd, gateway)
	{
		return this.join(Object.assign(gateway, { referd }));
	}

	async carrier(options)
	{
		return this.join(await Baresip.start(this.path('carrier'),
			{ name: 'carrier', ip: CARRIER, ...options }));
	}

	async agent(options)
	{
		return this.join(await Baresip.start(this.path('agent'),
			{ name: 'agent', ip: AGENT,
				account: ';answermode=auto', ...options }));
	}

	/** A SIPp that calls the gateway, each at its own address. */
	async sipp(scenario, keys = {}, options = {})
	{
		const ip = `10.77.0.${FIRST_SIPP + this.sipps++}`;

		return this.join(await Sipp.start(this.path('sipp'),
			{ scenario, ip, keys, ...options }));
	}

	async client(referd, { query = '', ...options } = {})
	{
		const c = await Client.connect(referd.ws + query, options);

		this.clients.push(c);
		if (options.protocol !== 'ws.jambonz.org')
			await c.message('hello');

		return c;
	}

	/** A referd, a gateway that it knows, and a client of it. */
	async control(options = {})
	{
		const referd = await this.referd(options.referd,
			options.gateway);
		const client = await this.client(referd, options.client);
		const gateway = await this.gateway(referd, options.gateway);

		await referd.knows(1);
		await this.told(client, options.client);

		return { referd, gateway, client };
	}

	/*
	 * Wait until the client has heard of the gateway, too. Otherwise a
	 * test that looks at the next message sometimes gets this one.
	 */
	async told(client, { query, protocol } = {})
	{
		if (query || protocol === 'ws.jambonz.org')
			return;

		const { data } = await client.message('hello');

		if (!data.nodes.length)
			await client.message('node:status', { connected: true });
	}

	/**
	 * A call from SIPp that the gateway has answered and referd knows
	 *
	 * @return The SIPp, and `sid`, the call's call_sid
	 */
	async call(client, scenario, keys, options)
	{
		const far = await this.sipp(scenario, keys, options);
		const { call_sid: sid } = await client.messages.wait((m) =>
			m.type === 'session:new' &&
			m.data.from_uri.includes(far.ip), 'session:new');

		await client.message('call:status',
			{ call_sid: sid, call_status: 'in-progress' });

		return { far, sid };
	}

	/** The last output of each party: printed when a test has failed. */
	logs()
	{
		const told = new Set();
		const once = ({ process: p }) => !told.has(p) && told.add(p);

		return this.parties.filter(once).map((party) => {
			const { name, status, log } = party.process;
			const lines = party instanceof Sipp ? [party.errors()] :
				log.items.slice(-LAST_LINES);

			return `--- ${name} (${status ?? 'runs'})\n` +
				lines.join('\n');
		}).join('\n');
	}

	async end()
	{
		for (const c of this.clients)
			c.socket.terminate();
		for (const p of this.parties) {
			if (p instanceof Referd && p.process.alive)
				await assertLives(p, this.linked(p));
		}
		for (const p of this.leaving())
			await this.stop(p);
	}

	/* A baresip ends its calls, and waits for the answers. */
	leaving()
	{
		return [...this.parties.filter((p) => p instanceof Embedded),
			...this.parties.reverse()];
	}

	/* The gateways of a referd that can report their calls. */
	linked(referd)
	{
		return this.parties.filter((p) => p.referd === referd &&
			p.process.alive && p.address)
			.map((p) => ({ name: p.config.sip_refer_node,
				reported: () => p.reported() }));
	}

	/*
	 * referd ends in good order, so that the test finds its leaks: those
	 * of memory, and rows of calls that have ended. All other parties
	 * started later and have ended before it; they are simply killed.
	 */
	async stop(party)
	{
		if (!party.process.alive)
			return;
		if (!(party instanceof Referd)) {
			await party.kill();
			return;
		}

		const seen = await assertLives(party);
		const status = await party.kill('SIGTERM');
		if (status !== 0)
			throw new Error(`referd ended with ${status}`);

		await assertRows(party, seen);
	}
}


/**
 * Declares a test that gets a scene of its own. With EMBEDDED=1 its referd and
 * its gateway are one process.
 *
 * @param name  Displayed name
 * @param act   Function of the scene
 * @param options `skip`: a reason not to run it; `daemon`: a reason not to run
 *                it if referd is embedded
 */
export function scene(name, act, { skip = false, daemon } = {})
{
	if (!CASES.test(name))
		return;

	test(name, { skip: skip || settings.embedded && daemon }, async (t) => {
		const s = new Scene();

		try {
			await act(s);
			await s.end();
		}
		catch (err) {
			if (err instanceof DaemonOnly) {
				t.skip(err.message);
				return;
			}
			console.log(s.logs());
			throw err;
		}
		finally {
			await Promise.all(s.parties.map((p) =>
				p.process.kill()));
			rmSync(s.dir, { recursive: true, force: true });
		}
	});
}


export { settings, GATEWAY, CARRIER, AGENT };

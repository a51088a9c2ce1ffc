/**
 * @file link.js  The WebSocket to referd, which comes back without a gap
 *
 * Copyright (C) 2026 the sip_refer authors
 */

/* referd's close codes: the token is not good, or another one has our name;
   another connection came with our name. */
const UNAUTHORIZED = 4001;
const NAME_TAKEN = 4009;

/* Milliseconds: the first wait before another try, and the longest. */
const WAIT_FIRST = 250;
const WAIT_MAX = 5000;

/* Messages that a page that knows nothing asks for. In a fleet a number stands
   for a message of up to 200, and the numbers of two are 256 apart. */
const BACKLOG = { local: [1000, 1], fleet: [300, 256] };

/* The timers, which a test may want to drive itself. */
const CLOCK = {
	setTimeout: (f, ms) => setTimeout(f, ms),
	clearTimeout: (id) => clearTimeout(id),
};


/* Whether the referd that said hello sees the whole fleet */
function hasView({ fleet })
{
	return Boolean(fleet?.members?.find((m) =>
		m.member === fleet.member)?.view);
}


/**
 * One lasting connection to referd
 *
 * `state` is 'connecting', 'behind', 'live' or 'offline', `scope` is 'local'
 * or 'fleet'. Each message is handed on exactly once, in the order of `seq`,
 * over any number of reconnections.
 */
export class Link {
	/**
	 * @param wanted    Gives the scope that is wanted: 'fleet' is taken
	 *                  where referd has a view of it
	 * @param client    Name to be known by
	 * @param rename    Makes another, when that one is taken
	 * @param onmessage Called with each new message; and with true beside
	 *                  a hello after which nothing known before holds
	 * @param onstate   Called whenever state or behind changed
	 * @param token     Gives the access token, '' if there is none
	 * @param onrefused Called when a connection ended before its hello
	 */
	constructor({ url, client, rename, onmessage, onstate,
		      token = () => '', onrefused = () => {},
		      wanted = () => 'local',
		      Socket = globalThis.WebSocket, timers = CLOCK })
	{
		Object.assign(this, { url, client, rename, onmessage, onstate,
				      token, onrefused, wanted, Socket,
				      timers });
		this.state = 'connecting';
		this.behind = 0;
		this.scope = 'local';
		this.last = {};		/* seq, by scope */
		this.wait = WAIT_FIRST;
		this.open();
	}

	open()
	{
		this.timers.clearTimeout(this.retry);
		this.greeted = false;
		this.setState('connecting');

		const url = new URL(this.url);
		const { scope, last: { [scope]: last } } = this;
		const query = { client: this.client, since: last,
				scope: scope === 'fleet' ? scope : undefined,
				fleet: scope === 'fleet' && last !== undefined
					? this.epoch : undefined,
				access_token: this.token() || undefined };
		for (const [name, value] of Object.entries(query)) {
			if (value !== undefined)
				url.searchParams.set(name, value);
		}

		const ws = new this.Socket(url.href);
		this.ws = ws;
		ws.onmessage = (event) => this.frame(event.data);
		ws.onclose = (event) => {
			if (ws === this.ws)
				this.lost(event);
		};
	}

	/** Whether what is sent now would go out */
	get connected()
	{
		return this.state === 'live' || this.state === 'behind';
	}

	/** Try at once instead of after the wait */
	hurry()
	{
		if (this.state === 'offline') {
			this.wait = WAIT_FIRST;
			this.open();
		}
	}

	/* What was heard in another scope is of no use in this one. */
	enter(scope)
	{
		this.ws.onclose = null;
		this.ws.close();
		this.scope = scope;
		if (this.shown !== scope)
			delete this.last[scope];
		this.open();
	}

	/** Another scope is wanted now */
	turn()
	{
		this.shown = '';
		this.enter('local');
	}

	/* A referd that came again may have no view of the fleet any more: that
	   its local hello tells. */
	lost(event)
	{
		const code = event?.code;
		if (code === NAME_TAKEN || code === UNAUTHORIZED)
			this.client = this.rename();
		if (!this.greeted || code === UNAUTHORIZED)
			this.onrefused();
		if (!this.greeted && this.scope === 'fleet') {
			this.scope = 'local';
			delete this.last.local;
		}
		this.closeReason = event?.reason || '';
		this.retry = this.timers.setTimeout(() => this.open(),
						    this.wait);
		this.wait = Math.min(this.wait * 2, WAIT_MAX);
		this.setState('offline');
	}

	frame(text)
	{
		let msg;

		try {
			msg = JSON.parse(text);
		}
		catch {
			return;
		}

		if (msg.type === 'hello')
			this.hello(msg);
		else
			this.message(msg);
	}

	/*
	 * The first hello only tells where the backlog begins, which is asked
	 * for by coming again; as when referd has lost its store, or the fleet
	 * its stream, and nothing that was known holds. A view of the fleet
	 * that has not read that far yet is waited for.
	 */
	hello(msg)
	{
		const lastSeq = msg.data?.last_seq ?? 0;

		if (this.greeted)
			return;
		this.greeted = true;

		const fleet = this.wanted() === 'fleet';
		if (this.scope === 'local' && fleet && hasView(msg.data)) {
			this.enter('fleet');
			return;
		}

		const { scope } = this;
		const last = this.last[scope];
		const anew = this.countsAnew(msg, last, lastSeq);
		if (anew || last === undefined || this.shown !== scope) {
			const [messages, unit] = BACKLOG[scope];

			this.shown = scope;
			this.fresh = true;
			this.last[scope] = Math.max(0, lastSeq -
				messages * unit);
			if (this.last[scope] < lastSeq) {
				this.enter(scope);
				return;
			}
		}

		const { fresh } = this;
		this.fresh = false;
		this.wait = WAIT_FIRST;
		this.target = lastSeq;
		this.onmessage(msg, fresh);
		this.progress();
	}

	/* Whether the numbers are others than they were */
	countsAnew({ data }, last, lastSeq)
	{
		const { epoch } = this;

		if (this.scope === 'local')
			return last > lastSeq;
		this.epoch = data.fleet?.epoch || data.fleet || epoch;

		return epoch !== undefined && epoch !== this.epoch;
	}

	/* In a fleet, what is for this page alone has no number of the fleet's;
	   all else has its member. */
	message(msg)
	{
		const { scope, last } = this;

		if (typeof msg.seq === 'number' &&
		    (scope === 'local' || msg.member !== undefined)) {
			if (msg.seq <= last[scope])
				return;
			last[scope] = msg.seq;
		}

		/* The stream was made anew: its numbers begin again. */
		const epoch = msg.type === 'fleet:status' && msg.data?.epoch;
		if (scope === 'fleet' && epoch && this.epoch &&
		    epoch !== this.epoch) {
			this.enter(scope);
			return;
		}

		this.onmessage(msg, false);
		if (this.state !== 'live')
			this.progress();
	}

	progress()
	{
		const [, unit] = BACKLOG[this.scope];

		this.behind = Math.max(0, Math.ceil((this.target -
			this.last[this.scope]) / unit));
		this.setState(this.behind ? 'behind' : 'live');
	}

	setState(state)
	{
		this.state = state;
		this.onstate(this);
	}

	/** Send one message now, or never: what a person asked for seconds ago
	    may no longer be wanted. Returns true if it went out. */
	send(msg)
	{
		if (this.ws.readyState !== 1)
			return false;

		this.ws.send(typeof msg === 'string' ? msg :
			JSON.stringify(msg));

		return true;
	}
}

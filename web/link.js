/**
 * @file link.js  The WebSocket to referd, which reconnects without a gap
 *
 * Copyright (C) 2026 the sip_refer authors
 */

/* Close codes of referd: the token is wrong or does not own the name; another
   connection has taken the name. */
const UNAUTHORIZED = 4001;
const NAME_TAKEN = 4009;

/* Milliseconds: the first wait before a new attempt, and the longest. */
const WAIT_FIRST = 250;
const WAIT_MAX = 5000;

/* Messages that a new page asks for. In a fleet, a number stands for at most
   200 messages, and two numbers are 256 apart. */
const BACKLOG = { local: [1000, 1], fleet: [300, 256] };

/* The timers; a test has its own. */
const CLOCK = {
	setTimeout: (f, ms) => setTimeout(f, ms),
	clearTimeout: (id) => clearTimeout(id),
};


/* Whether the referd of this hello has a view of the fleet */
function hasView({ fleet })
{
	return Boolean(fleet?.members?.find((m) =>
		m.member === fleet.member)?.view);
}


/**
 * One lasting connection to referd
 *
 * `state` is 'connecting', 'behind', 'live' or 'offline', `scope` is 'local'
 * or 'fleet'. The handler gets each message exactly once, in the order of
 * `seq`, over any number of reconnections.
 */
export class Link {
	/**
	 * @param wanted    Gives the wanted scope: 'fleet' needs a referd with a
	 *                  view of it
	 * @param client    Name of this client
	 * @param rename    Makes another name if that one is taken
	 * @param onmessage Called with each new message, and with true beside
	 *                  a hello that makes all earlier messages void
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

	/** Whether a message can be sent now */
	get connected()
	{
		return this.state === 'live' || this.state === 'behind';
	}

	/** Connect at once instead of after the wait */
	hurry()
	{
		if (this.state === 'offline') {
			this.wait = WAIT_FIRST;
			this.open();
		}
	}

	/* The numbers of one scope mean nothing in the other. */
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

	/* After a restart referd may have no view of the fleet: its local hello
	   shows it. */
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

	/* The first hello has the last number: the page connects again to get
	   the backlog before it. The same happens if referd has lost its store,
	   or the fleet its stream: then the page forgets all it knew. */
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

	/* Whether the numbers have begun again */
	countsAnew({ data }, last, lastSeq)
	{
		const { epoch } = this;

		if (this.scope === 'local')
			return last > lastSeq;
		this.epoch = data.fleet?.epoch || data.fleet || epoch;

		return epoch !== undefined && epoch !== this.epoch;
	}

	/* In a fleet, a message for this page alone has no number of the fleet,
	   and no member. */
	message(msg)
	{
		const { scope, last } = this;

		if (typeof msg.seq === 'number' &&
		    (scope === 'local' || msg.member !== undefined)) {
			if (msg.seq <= last[scope])
				return;
			last[scope] = msg.seq;
		}

		/* A new stream: its numbers begin again. */
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

	/** Send one message now, or never: a late click may no longer be
	    wanted. Returns true if the message was sent. */
	send(msg)
	{
		if (this.ws.readyState !== 1)
			return false;

		this.ws.send(typeof msg === 'string' ? msg :
			JSON.stringify(msg));

		return true;
	}
}

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

/* Messages that a page that knows nothing asks for. */
const BACKLOG = 1000;

/* The timers, which a test may want to drive itself. */
const CLOCK = {
	setTimeout: (f, ms) => setTimeout(f, ms),
	clearTimeout: (id) => clearTimeout(id),
};


/**
 * One lasting connection to referd
 *
 * `state` is 'connecting', 'behind', 'live' or 'offline'. Each message is
 * handed on exactly once, in the order of `seq`, over any number of
 * reconnections.
 */
export class Link {
	/**
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
		      Socket = globalThis.WebSocket, timers = CLOCK })
	{
		Object.assign(this, { url, client, rename, onmessage, onstate,
				      token, onrefused, Socket, timers });
		this.state = 'connecting';
		this.behind = 0;
		this.last = undefined;
		this.wait = WAIT_FIRST;
		this.open();
	}

	open()
	{
		this.timers.clearTimeout(this.retry);
		this.greeted = false;
		this.setState('connecting');

		const url = new URL(this.url);
		url.searchParams.set('client', this.client);
		if (this.last !== undefined)
			url.searchParams.set('since', this.last);
		if (this.token())
			url.searchParams.set('access_token', this.token());

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

	lost(event)
	{
		const code = event?.code;
		if (code === NAME_TAKEN || code === UNAUTHORIZED)
			this.client = this.rename();
		if (!this.greeted || code === UNAUTHORIZED)
			this.onrefused();
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
	 * for by coming again; as when referd has lost its store, and nothing
	 * that was known holds.
	 */
	hello(msg)
	{
		const lastSeq = msg.data?.last_seq ?? 0;

		if (this.greeted)
			return;
		this.greeted = true;

		if (this.last === undefined || this.last > lastSeq) {
			this.fresh = true;
			this.last = Math.max(0, lastSeq - BACKLOG);
			if (this.last < lastSeq) {
				this.ws.onclose = null;
				this.ws.close();
				this.open();
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

	message(msg)
	{
		if (typeof msg.seq === 'number') {
			if (this.last !== undefined && msg.seq <= this.last)
				return;
			this.last = msg.seq;
		}

		this.onmessage(msg, false);
		if (this.state !== 'live')
			this.progress();
	}

	progress()
	{
		this.behind = Math.max(0, this.target - this.last);
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

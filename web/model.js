/**
 * @file model.js  Messages to state, with no DOM
 *
 * Copyright (C) 2026 the sip_refer authors
 */

/* What the page keeps: it is a window on referd, not a second store. */
const LOG_MAX = 2000;
const TRANSFERS_MAX = 1000;
const CALLS_ENDED_MAX = 200;

const CALL_ENDED = new Set(['completed', 'failed', 'busy', 'no-answer']);


/**
 * Make an empty model
 *
 * A transfer's `entries` are the messages that belong to it, in order; an
 * entry is {dir: 'in' | 'out', time: ms since 1970, msg}.
 */
export function createModel()
{
	return {
		role: 'controller',	/* or observer */
		version: '',		/* of referd */
		skew: 0,		/* clock of referd minus ours, ms */
		nodes: [],
		calls: new Map(),	/* call_sid to call */
		transfers: new Map(),	/* transfer_id to transfer */
		log: [],		/* the last entries, in and out */
		logged: 0,		/* how many there ever were */
		steps: 0,		/* of transfers, that came */

		/* call_sid to entries of a verb whose transfer has no id */
		starting: new Map(),
	};
}


/** Whether a call is over, by its status */
export function callEnded(call)
{
	return CALL_ENDED.has(call.call_status);
}


/** The calls that live, the newest first */
export function liveCalls(model)
{
	return [...model.calls.values()].filter((c) => !callEnded(c))
		.sort((a, b) => b.since - a.since);
}


/** All transfers, the newest first */
export function allTransfers(model)
{
	return [...model.transfers.values()]
		.sort((a, b) => b.requested - a.requested);
}


/** Those of a call, likewise */
export function callTransfers(model, sid)
{
	return allTransfers(model).filter((t) => t.call_sid === sid);
}


/** The party of a call that is not baresip: whom a REFER goes to */
export function farEnd(call)
{
	if (!call)
		return '';

	return (call.direction === 'outbound' ? call.to : call.from) || '';
}


/** Whether this page may do more than look */
export function mayControl(model)
{
	return model.role !== 'observer';
}


/** Milliseconds since 1970 by the clock of referd */
export function serverNow(model, now = Date.now())
{
	return now + model.skew;
}


/*
 * A Map keeps the order of insertion, so the first key that may go is the
 * oldest one.
 */
function trim(map, max, mayGo)
{
	if (map.size <= max)
		return;

	for (const [key, value] of map) {
		if (mayGo(value))
			map.delete(key);
		if (map.size <= max)
			return;
	}
}


function logEntry(model, entry)
{
	entry.n = model.logged++;
	model.log.push(entry);
	if (model.log.length > LOG_MAX)
		model.log.splice(0, model.log.length - LOG_MAX);

	return entry;
}


/* A node came or went. */
function nodeApply(model, data)
{
	const node = model.nodes.find((n) => n.node === data.node);

	if (node)
		Object.assign(node, data);
	else if (data.node)
		model.nodes.push({ ...data });
}


function callApply(model, data, time)
{
	const sid = data.call_sid;
	if (!sid)
		return null;

	let call = model.calls.get(sid);
	if (!call) {
		call = { call_sid: sid, since: time };
		model.calls.set(sid, call);
		trim(model.calls, liveCalls(model).length + CALLS_ENDED_MAX,
		     callEnded);
	}

	Object.assign(call, data);
	call.since = Date.parse(data.started) || call.since;
	if (call.call_status === 'in-progress')
		call.answered = Math.min(call.answered ?? time, time);
	if (callEnded(call))
		call.ended ??= time;

	return call;
}


/*
 * When a transfer reached its stages. A stage that hello lists has another,
 * earlier time once the message comes that told it first.
 */
function transferTimes(t, time)
{
	const first = (name) => {
		t[name] = Math.min(t[name] ?? time, time);
	};

	if (t.step === 'requested' || t.requested > time)
		first('requested');
	if (t.step === 'accepted')
		first('accepted');
	if (t.step === 'progress' && t.call_status >= 180)
		first('ringing');
	if (t.outcome)
		first('ended');
}


function transferAlloc(model, data, time)
{
	const sid = data.call_sid || '';
	const t = {
		transfer_id: data.transfer_id, call_sid: sid,
		requested: time, node: model.calls.get(sid)?.node || '',
		far: farEnd(model.calls.get(sid)) || data.from || '',
		entries: [],
	};

	model.transfers.set(t.transfer_id, t);
	trim(model.transfers, TRANSFERS_MAX, (old) => old.outcome);

	return t;
}


/* The SIP message of a step stays in its entry. */
function transferApply(model, { started, ended, sip, ...data }, time)
{
	if (!data.transfer_id)
		return null;

	const t = model.transfers.get(data.transfer_id) ||
		transferAlloc(model, data, Date.parse(started) || time);

	if (data.step === 'requested') {
		t.entries.push(...model.starting.get(t.call_sid) || []);
		model.starting.delete(t.call_sid);
	}

	/* An end is final, whatever an older listing says, or a late NOTIFY. */
	if (data.step === 'late')
		Object.assign(t, { late_status: data.call_status,
				   late_reason: data.reason });
	else if (!t.outcome || data.step === 'ended')
		Object.assign(t, data);

	transferTimes(t, Date.parse(ended) || time);

	return t;
}


function transferOfVerb(model, sid, verbId)
{
	const ts = callTransfers(model, sid);

	return ts.find((t) => verbId !== undefined && t.verb_id === verbId)
		|| ts[0];
}


/* The steps of a verb before its transfer has an id wait for it. */
function startingAdd(model, sid, entry)
{
	const list = model.starting.get(sid) || [];

	list.push(entry);
	model.starting.set(sid, list);
}


function verbStatusApply(model, msg, entry)
{
	const data = msg.data || {};

	if (data.verb !== 'sip:refer')
		return;
	if (data.event === 'starting')
		startingAdd(model, msg.call_sid, entry);
	else
		model.starting.delete(msg.call_sid);	/* a dry run */
}


function hookApply(model, msg, entry)
{
	const data = msg.data || {};

	const t = model.transfers.get(data.transfer_id) ||
		transferOfVerb(model, msg.call_sid, data.verb_id);
	t?.entries.push(entry);
}


function callStatusApply(model, msg, entry)
{
	const call = callApply(model, { call_sid: msg.call_sid, ...msg.data },
			       entry.time);
	if (!call || !callEnded(call))
		return;

	/* The end of the call belongs to the ladder that it ended with. */
	model.starting.delete(call.call_sid);
	callTransfers(model, call.call_sid)[0]?.entries.push(entry);
}


/*
 * What hello lists is the state now. A call that we believed alive and that
 * is not there is gone; if messages about it are still to come, they say how.
 */
function helloApply(model, msg, entry, now)
{
	const data = msg.data || {};

	model.version = data.version || '';
	model.role = data.role || 'controller';
	model.skew = entry.time - now;
	const live = new Set();
	for (const c of data.calls || []) {
		callApply(model, c, entry.time);
		live.add(c.call_sid);
	}
	model.nodes = data.nodes || [];

	for (const c of liveCalls(model)) {
		if (!live.has(c.call_sid)) {
			c.call_status = 'completed';
			c.ended = entry.time;
		}
	}

	for (const t of data.transfers || [])
		transferApply(model, t, entry.time);
}


/** Apply one message of referd; `now` is our clock. Returns the log entry. */
export function modelReceive(model, msg, now = Date.now())
{
	const time = Date.parse(msg.time) || serverNow(model, now);
	const entry = logEntry(model, { dir: 'in', time, msg });

	/* The message that took the shortest way tells the clocks best. */
	model.skew = Math.max(model.skew, time - now);

	switch (msg.type) {

	case 'hello':
		helloApply(model, msg, entry, now);
		break;

	case 'session:new':
		callApply(model, { call_sid: msg.call_sid, ...msg.data },
			  time);
		break;

	case 'call:status':
		callStatusApply(model, msg, entry);
		break;

	case 'transfer:status':
		model.steps++;
		transferApply(model, { call_sid: msg.call_sid, ...msg.data },
			      time)?.entries.push(entry);
		break;

	case 'node:status':
		nodeApply(model, msg.data || {});
		break;

	case 'verb:status':
		verbStatusApply(model, msg, entry);
		break;

	case 'verb:hook':
	case 'hook:status':
		hookApply(model, msg, entry);
		break;

	case 'jambonz:error':
		model.starting.delete(msg.call_sid);
		break;
	}

	return entry;
}


/* The sip:refer in what a client sent, in any of the forms it may take. */
function referSent(model, msg)
{
	const verbs = [msg.verbs || msg.data || msg].flat();
	const refer = verbs.find((v) => v?.verb === 'sip:refer');
	if (!refer || refer.dryRun)
		return null;

	const live = liveCalls(model);
	const first = Array.isArray(msg) ? msg[0] : msg;

	return first.call_sid || first.callSid || refer.call_sid ||
		(live.length === 1 ? live[0].call_sid : null);
}


/** Take note of one message that the page sent; returns the log entry */
export function modelSent(model, msg, now = Date.now())
{
	const entry = logEntry(model, {
		dir: 'out', time: serverNow(model, now), msg,
	});

	const sid = referSent(model, msg);
	if (sid)
		startingAdd(model, sid, entry);

	return entry;
}


/** Take over transfers that GET /transfers lists, if they are not known */
export function modelHistory(model, list)
{
	for (const data of list) {
		if (!model.transfers.has(data.transfer_id))
			transferApply(model, data, 0);
	}
}


/** A transfer as GET /transfers lists it, with its times as the model's */
export function transferOf({ started, ended, ...data })
{
	return { ...data, requested: Date.parse(started) || 0,
		 ended: Date.parse(ended) || undefined };
}


/** Whether a transfer's ladder is whole: it has its first message */
export function transferWhole(t)
{
	return t.entries.some((e) => e.msg.data?.step === 'requested');
}


/**
 * Take over a transfer as GET /transfers/{id} tells it, with the messages of
 * its call; what came live stays. Returns the transfer.
 */
export function modelTold(model, { transfer, messages })
{
	const past = createModel();
	const id = transfer.transfer_id;

	for (const msg of messages)
		modelReceive(past, msg);
	modelHistory(past, [transfer]);
	modelHistory(model, [transfer]);

	const [call] = past.calls.values();
	if (call && !model.calls.has(call.call_sid))
		model.calls.set(call.call_sid, call);

	const old = past.transfers.get(id);
	const t = model.transfers.get(id);
	const known = new Set(old.entries.map((e) => e.msg.seq));

	t.entries = [...old.entries, ...t.entries.filter((e) =>
		!known.has(e.msg.seq))].sort((a, b) => (a.msg.seq ?? 0) -
			(b.msg.seq ?? 0));
	for (const name of ['requested', 'accepted', 'ringing', 'ended'])
		t[name] = old[name] ?? t[name];
	t.far ||= old.far;
	t.node ||= old.node;

	return t;
}

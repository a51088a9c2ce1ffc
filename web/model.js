/**
 * @file model.js  From messages to state, without the DOM
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { fleetTake } from './members.js';
import { callTransfers, eventApply, farEnd, secondEnded, startingAdd,
	transferApply, trim } from './steps.js';

export { callTransfers, farEnd };

/* The page is a window on referd, not a second store: it keeps this much. */
const LOG_MAX = 2000;
const CALLS_ENDED_MAX = 200;
const NEWS_MAX = 20;
const EARLY_MAX = 100;

/* Verbs that make a transfer. */
const TRANSFERRING = new Set(['sip:refer', 'transfer']);

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
		skew: 0,		/* clock of referd minus that of the page, ms */
		scope: 'local',		/* or fleet: the scope of hello */
		fleet: null,		/* as in fleet:status, or null */
		news: [],		/* losses in a fleet */
		nodes: [],
		calls: new Map(),	/* call_sid to call */
		transfers: new Map(),	/* transfer_id to transfer */
		renamed: new Map(),	/* id of a leg to that of its REFER */
		early: new Map(),	/* msgid to the entry of a hook */
		log: [],		/* the last entries, in and out */
		logged: 0,		/* all entries that there were */
		steps: 0,		/* steps of transfers so far */

		/* call_sid to entries of a verb whose transfer has no id */
		starting: new Map(),
	};
}


/** Whether a call is over, by its status */
export function callEnded(call)
{
	return CALL_ENDED.has(call.call_status);
}


/** The live calls, the newest first */
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


/** Whether this page has the token of a controller */
export function mayControl(model)
{
	return model.role !== 'observer';
}


/** Milliseconds since 1970 by the clock of referd */
export function serverNow(model, now = Date.now())
{
	return now + model.skew;
}


function logEntry(model, entry)
{
	entry.n = model.logged++;
	model.log.push(entry);
	if (model.log.length > LOG_MAX)
		model.log.splice(0, model.log.length - LOG_MAX);

	return entry;
}


/* A node has connected or left. Two members may have nodes of the same name. */
function nodeApply(model, data)
{
	const node = model.nodes.find((n) => n.node === data.node &&
		n.member === data.member);

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
		trim(model.calls, CALLS_ENDED_MAX, callEnded);
	}

	Object.assign(call, data);
	call.since = Date.parse(data.started) || call.since;
	if (call.call_status === 'in-progress')
		call.answered = Math.min(call.answered ?? time, time);
	if (callEnded(call))
		call.ended ??= time;

	return call;
}


function verbStatusApply(model, msg, entry)
{
	const data = msg.data || {};

	if (!TRANSFERRING.has(data.verb))
		return;
	if (data.event === 'starting')
		startingAdd(model, msg.call_sid, entry);
	else
		model.starting.delete(msg.call_sid);	/* a dry run */
}


/* In a fleet, a hook of this page may arrive before its transfer, which all
   read from the stream. Its hook:status arrives later. */
function hookApply(model, msg, entry)
{
	const { transfer_id: id, verb_id: verb, msgid } = msg.data || {};
	const ts = callTransfers(model, msg.call_sid);
	const t = model.transfers.get(model.renamed.get(id) || id) ||
		ts.find((one) => verb !== undefined && one.verb_id === verb);

	if (!t && id !== undefined && msg.type === 'verb:hook') {
		model.early.set(msg.msgid, entry);
		trim(model.early, EARLY_MAX, () => true);
		return;
	}

	const early = model.early.get(msgid);
	model.early.delete(msgid);
	(t || ts[0])?.entries.push(entry, ...early ? [early] : []);
}


function callStatusApply(model, msg, entry)
{
	const { member } = msg;
	const call = callApply(model, { call_sid: msg.call_sid,
					...member !== undefined && { member },
					...msg.data }, entry.time);
	if (!call || !callEnded(call))
		return;

	if (call.parent_call_sid)
		secondEnded(model, call, entry);

	/* The end of a call is in the ladder of its last transfer. */
	model.starting.delete(call.call_sid);
	callTransfers(model, call.call_sid)[0]?.entries.push(entry);
}


/* hello lists the calls that are up. A known call that is missing has ended;
   later messages may tell how. */
function helloApply(model, msg, entry, now)
{
	const data = msg.data || {};

	model.version = data.version || '';
	model.role = data.role || 'controller';
	model.scope = data.scope === 'fleet' ? 'fleet' : 'local';
	model.skew = entry.time - now;
	fleetTake(model, data.status || data.fleet);
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


/* It arrives each second, mostly without news. */
function fleetApply(model, msg, time)
{
	return fleetTake(model, msg.data) ?
		logEntry(model, { dir: 'in', time, msg }) : null;
}


/* A loss stays on the page until it is closed. */
function newsAdd(model, entry)
{
	model.news.push(entry);
	model.news.splice(0, model.news.length - NEWS_MAX);
}


/** Apply one message of referd; `now` is the clock of the page. Returns the log entry. */
export function modelReceive(model, msg, now = Date.now())
{
	const time = Date.parse(msg.time) || serverNow(model, now);
	const { member } = msg;
	const of = member === undefined ? msg.data : { member, ...msg.data };

	if (msg.type === 'fleet:status')
		return fleetApply(model, msg, time);

	const entry = logEntry(model, { dir: 'in', time, msg });

	/* The fastest message shows the difference of the clocks best. Other
	   machines have other clocks. */
	if (member === undefined || member === model.fleet?.member)
		model.skew = Math.max(model.skew, time - now);

	switch (msg.type) {

	case 'hello':
		helloApply(model, msg, entry, now);
		break;

	case 'session:new':
		callApply(model, { call_sid: msg.call_sid, ...of }, time);
		break;

	case 'call:status':
		callStatusApply(model, msg, entry);
		break;

	case 'transfer:status':
		model.steps++;
		transferApply(model, { call_sid: msg.call_sid, ...of },
			      time)?.entries.push(entry);
		break;

	case 'node:status':
		nodeApply(model, of || {});
		break;

	case 'node:lost':	/* the ends of its calls follow */
	case 'fleet:gap':
		newsAdd(model, entry);
		break;

	case 'transfer:event':
		eventApply(model, msg, entry);
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


/** The verb that transfers, in any form of a client's message */
export function verbSent(msg)
{
	return [msg.verbs || msg.data || msg].flat()
		.find((v) => TRANSFERRING.has(v?.verb));
}


function referSent(model, msg)
{
	const refer = verbSent(msg);
	if (!refer || refer.dryRun)
		return null;

	const live = liveCalls(model);
	const first = Array.isArray(msg) ? msg[0] : msg;

	return first.call_sid || first.callSid || refer.call_sid ||
		(live.length === 1 ? live[0].call_sid : null);
}


/** Apply one message that the page has sent; returns the log entry */
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

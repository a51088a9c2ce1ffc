/**
 * @file steps.js  Transfers in the model, and the steps of a verb beside its
 *                 REFER: a hold, a second call, a result
 *
 * Copyright (C) 2026 the sip_refer authors
 */

const TRANSFERS_MAX = 1000;

/* Steps that follow an attempt. */
const BEHIND = new Set(['next', 'unheld', 'ended']);


/**
 * Remove the oldest items of a Map
 *
 * A Map keeps the order of insertion, so the first item that may go is the
 * oldest one. `trimAt` is the size at which the next search is worth its time.
 */
export function trim(map, max, mayGo)
{
	if (map.size <= (map.trimAt ?? max))
		return;

	let many = [...map.values()].filter(mayGo).length;
	const stay = map.size - many;

	for (const [key, value] of map) {
		if (many <= max)
			break;
		if (mayGo(value)) {
			map.delete(key);
			many--;
		}
	}
	map.trimAt = stay + max + Math.floor(map.size / 4);
}


/** The far end of a call, to which a REFER goes */
export function farEnd(call)
{
	if (!call)
		return '';

	return (call.direction === 'outbound' ? call.to : call.from) || '';
}


/** The transfers of a call, the newest first */
export function callTransfers(model, sid)
{
	return [...model.transfers.values()].filter((t) => t.call_sid === sid)
		.sort((a, b) => b.requested - a.requested);
}


/* The times of a transfer's stages. hello lists a stage without its time; the
   message of the stage, which may follow, has it. */
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
		member: data.member ?? model.calls.get(sid)?.member,
		far: farEnd(model.calls.get(sid)) || data.from || '',
		entries: [],
	};

	model.transfers.set(t.transfer_id, t);
	trim(model.transfers, TRANSFERS_MAX, (old) => old.outcome);

	return t;
}


/** Keep a step of a verb until its transfer has an id */
export function startingAdd(model, sid, entry)
{
	const list = model.starting.get(sid) || [];

	list.push(entry);
	model.starting.set(sid, list);
}


function startingTake(model, t)
{
	t.entries.push(...model.starting.get(t.call_sid) || []);
	model.starting.delete(t.call_sid);
}


function legOf(model, sid, { verb_id: verb, attempt })
{
	return callTransfers(model, sid).find((t) => t.verb_id === verb &&
		t.attempt === attempt);
}


/* A leg has its REFER, or its end: now it is a transfer of referd. */
function legTake(model, t, data)
{
	const leg = callTransfers(model, t.call_sid).find((x) => x.warm &&
		x.verb_id === data.verb_id && x.attempt === data.attempt);

	if (!leg)
		return;

	t.entries.unshift(...leg.entries);
	t.refer = t.requested;
	t.requested = leg.requested;
	model.transfers.delete(leg.transfer_id);
	model.renamed.set(leg.transfer_id, t.transfer_id);
}


/** Apply a transfer, or a step of one. The SIP message stays in its entry. */
export function transferApply(model, { started, ended, sip, ...data }, time)
{
	if (!data.transfer_id)
		return null;

	const known = model.transfers.get(data.transfer_id);
	const t = known ||
		transferAlloc(model, data, Date.parse(started) || time);

	if (data.step === 'requested')
		startingTake(model, t);
	if (!known && data.attempt)
		legTake(model, t, data);

	/* An end is final, also after an older listing or a late NOTIFY. */
	if (data.step === 'late')
		Object.assign(t, { late_status: data.call_status,
				   late_reason: data.reason });
	else if (!t.outcome || data.step === 'ended')
		Object.assign(t, data);

	transferTimes(t, Date.parse(ended) || time);

	return t;
}


/* A target that is called before the REFER is a leg, too, with an id of the
   page. */
function legAlloc(model, msg, time)
{
	const t = transferAlloc(model, { transfer_id: `step-${msg.seq}`,
		call_sid: msg.call_sid, member: msg.member }, time);

	Object.assign(t, { verb_id: msg.data.verb_id, warm: 'begun',
			   attempt: msg.data.attempt || 1 });
	startingTake(model, t);

	return t;
}


function legEnded(t, { call_status, reason, transfer_reason: why }, time)
{
	Object.assign(t, { outcome: 'failed', evidence: 'dial', ended: time,
			   call_status, reason: reason || why || '' });
}


/* Apply a step to its attempt. */
function legApply(t, data, time)
{
	t.attempts = data.attempts ?? t.attempts;
	t.refer_to ??= data.target;
	if (!t.warm)
		return;

	if (data.transfer_event === 'next' || data.transfer_event === 'ended')
		legEnded(t, data, time);
	else
		t.warm = data.transfer_event;
	if (data.transfer_event === 'ringing')
		t.ringing ??= time;
}


/** Apply a step of a verb */
export function eventApply(model, msg, entry)
{
	const data = msg.data || {};
	const sid = msg.call_sid;
	const behind = BEHIND.has(data.transfer_event);
	let leg = model.starting.has(sid) ? null : behind ?
		callTransfers(model, sid).find((t) => t.attempt &&
			t.verb_id === data.verb_id) :
		legOf(model, sid, data);

	const over = data.transfer_event === 'ended';
	if (!leg && data.mode === 'warm' && (over || !behind))
		leg = legAlloc(model, msg, entry.time);
	if (!leg) {
		if (over)
			model.starting.delete(sid);
		else
			startingAdd(model, sid, entry);
		return;
	}

	leg.entries.push(entry);
	if (!leg.outcome)
		legApply(leg, data, entry.time);
	if (over)
		Object.assign(leg, { verb_result: data.transfer_result,
				     verb_reason: data.transfer_reason });
}


/** Add the end of a second call to the ladder of its leg */
export function secondEnded(model, call, entry)
{
	const of = (e) => e.msg.data?.dial_call_sid === call.call_sid;
	const legs = callTransfers(model, call.parent_call_sid);
	const leg = legs.find((t) => t.entries.some(of)) ||
		legs.find((t) => t.warm && !t.outcome);

	if (leg)
		leg.entries.push(entry);
	else if (model.starting.get(call.parent_call_sid)?.some(of))
		startingAdd(model, call.parent_call_sid, entry);
}

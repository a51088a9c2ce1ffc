/**
 * @file told.js  What referd tells over HTTP of transfers, to the model
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { legsOf } from './legs.js';
import { createModel, modelReceive } from './model.js';
import { transferApply } from './steps.js';


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


/** Whether all attempts of a transfer's verb are here, and each is whole */
export function legsWhole(model, t)
{
	const legs = legsOf(model, t);

	return legs.every((leg, i) => (leg.warm || transferWhole(leg) ||
		(leg.evidence === 'dial' && leg.entries.length > 1)) &&
		(!leg.attempt || leg.attempt === i + 1));
}


/*
 * Entries in the order in which they came about. In a fleet, what was for this
 * page alone has no number of the fleet's: it stands by its time.
 */
function inOrder(entries, fleet)
{
	const own = ({ dir, msg }) => fleet && dir === 'in' &&
		msg.member === undefined;
	const list = entries.filter((e) => !own(e)).sort((a, b) =>
		(a.msg.seq ?? 0) - (b.msg.seq ?? 0));

	for (const e of entries.filter(own)) {
		const at = list.findLastIndex((x) => x.time <= e.time);
		list.splice(at + 1, 0, e);
	}

	return list;
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

	for (const leg of legsOf(past, past.transfers.get(id)))
		legTold(model, leg);

	return model.transfers.get(id);
}


/* A transfer of the past joins what is known of it. */
function legTold(model, old)
{
	const id = old.transfer_id;

	if (!model.transfers.has(id))
		model.transfers.set(id, { ...old, entries: [] });

	const t = model.transfers.get(id);
	const number = ({ msg }) => `${msg.member} ${msg.seq}`;
	const known = new Set(old.entries.map(number));

	t.entries = inOrder([...old.entries, ...t.entries.filter((e) =>
		!known.has(number(e)))], model.scope === 'fleet');
	for (const name of ['requested', 'accepted', 'ringing', 'ended'])
		t[name] = old[name] ?? t[name];
	t.far ||= old.far;
	t.node ||= old.node;
	t.member ??= old.member;
	t.verb_result ??= old.verb_result;
	t.verb_reason ??= old.verb_reason;
}

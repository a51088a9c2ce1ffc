/**
 * @file told.js  Transfers from referd over HTTP into the model
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { legsOf } from './legs.js';
import { createModel, modelReceive } from './model.js';
import { transferApply } from './steps.js';


/** Add the transfers of GET /transfers that the model lacks */
export function modelHistory(model, list)
{
	for (const data of list) {
		if (!model.transfers.has(data.transfer_id))
			transferApply(model, data, 0);
	}
}


/** A transfer of GET /transfers, with times as in the model */
export function transferOf({ started, ended, ...data })
{
	return { ...data, requested: Date.parse(started) || 0,
		 ended: Date.parse(ended) || undefined };
}


/** Whether the ladder of a transfer is complete: it has the first message */
export function transferWhole(t)
{
	return t.entries.some((e) => e.msg.data?.step === 'requested');
}


/** Whether all attempts of the verb of a transfer are here and complete */
export function legsWhole(model, t)
{
	const legs = legsOf(model, t);

	return legs.every((leg, i) => (leg.warm || transferWhole(leg) ||
		(leg.evidence === 'dial' && leg.entries.length > 1)) &&
		(!leg.attempt || leg.attempt === i + 1));
}


/* Entries in the order of their numbers. In a fleet, a message for this page
   alone has no number of the fleet: its time decides. */
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


/** Add a transfer of GET /transfers/{id} with the messages of its call to the
    live ones. Returns the transfer. */
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


/* Add the messages of the history to a transfer. */
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

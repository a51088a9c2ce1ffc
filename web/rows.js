/**
 * @file rows.js  From the messages of a transfer to the rows of its ladder
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { legText } from './legs.js';
import { verbSent } from './model.js';
import { memberLost, party, span, status } from './words.js';

/** The parties, from left to right. The gateway sees no message between `far`
    and `target`: the ladder has the reports of the far end. */
export const PARTIES = ['app', 'referd', 'baresip', 'far', 'target'];

export const PARTY_NAMES = {
	app: 'application', referd: 'referd', baresip: 'baresip',
	far: 'far end', target: 'target',
};


/* A row goes from one party to another, or is a note at one (`at`): a timer, a
   missing message. `kind` is request, answer, success, failure or note. */
function arrow(from, to, kind, label, more)
{
	return { from, to, kind, label, ...more };
}


function note(at, label, kind = 'note')
{
	return { at, kind, label };
}


function kindOf(code)
{
	return code >= 300 ? 'failure' : code >= 200 ? 'success' : 'request';
}


/* The report of a sipfrag about the call from far end to target. */
function reported(code, reason)
{
	if (code === 100)
		return { from: 'far', to: 'target', label: 'INVITE' };

	return {
		from: 'target', to: 'far', label: status(code, reason),
		kind: code >= 300 ? 'failure' : 'answer',
	};
}


function notifyRow(t)
{
	return arrow('far', 'baresip', kindOf(t.call_status),
		     `NOTIFY ${status(t.call_status, t.reason)}`,
		     { reported: reported(t.call_status, t.reason) });
}


function endedRow(t, waited)
{
	switch (t.evidence) {

	case 'notify':
		return notifyRow(t);
	case 'response':
		return arrow('far', 'baresip', 'failure',
			     status(t.refer_status, t.reason));
	case 'timeout':
		return note('baresip', 'no answer to the REFER', 'failure');
	case 'transport':
		return note('baresip', `not sent: ${t.reason || 'transport'}`,
			    'failure');
	case 'refer-sub':
		return note('baresip', 'Refer-Sub: false: no NOTIFY follows');
	case 'bye':
		return arrow('far', 'baresip', 'request', 'BYE');
	case 'terminated':
		return arrow('far', 'baresip', 'note', 'NOTIFY terminated' +
			     (t.reason ? ` (${t.reason})` : ''));
	case 'timer:notify':
		return note('baresip', `timer: no NOTIFY for ${waited}`);
	case 'timer:ringing':
		return note('baresip', `timer: no result for ${waited}`);
	case 'timer:answer':
		return note('baresip', t.reason || 'timer: no answer');
	case 'dial':	/* the end of the second call has the status */
		return t.call_status >= 300 ? null :
			note('target', t.reason, 'failure');
	case 'application':
		return note('baresip', 'cancelled by the application');
	case 'node':
		return note('baresip', memberLost(t) || 'baresip is gone',
			    'failure');
	default:
		return note('baresip', `${t.outcome || 'ended'} ${
			status(t.call_status || t.refer_status, t.reason)}`);
	}
}


function transferRow(t, waited)
{
	switch (t.step) {

	case 'requested':
		return arrow('baresip', 'far', 'request',
			     `REFER ${party(t.refer_to)}`);
	case 'retry':
	case 'accepted':
		return arrow('far', 'baresip', 'answer',
			     status(t.refer_status, t.reason));
	case 'progress':
	case 'late':
		return notifyRow(t);
	default:
		return endedRow(t, waited);
	}
}


function hookFact(data)
{
	const refer = data.referStatus ?? data.refer_status;
	const final = data.final_referred_call_status;

	if (data.transfer_result)
		return [data.transfer_result, data.transfer_reason]
			.filter(Boolean).join(', ');
	if (data.event)
		return [data.transfer_event, data.call_status]
			.filter(Boolean).join(' ');

	return [refer, final].filter((c) => c !== undefined).join(', ');
}


/* The steps of a warm transfer beside the REFER. */
const WARM_ROWS = {
	held: ['baresip', 'far', 'request', 're-INVITE: hold'],
	unheld: ['baresip', 'far', 'request', 're-INVITE: resume'],
	dialing: ['baresip', 'target', 'request', 'INVITE'],
	ringing: ['target', 'baresip', 'answer', 180],
	answered: ['target', 'baresip', 'success', 200],
	prompt: ['baresip', 'target', 'note', 'plays the prompt'],
	confirmed: ['target', 'baresip', 'success', 'confirmed'],
};


function eventRow({ transfer_event: event, target, reason, ...data })
{
	const [from, to, kind, label] = WARM_ROWS[event] || [];

	if (from && data.mode === 'warm')
		return arrow(from, to, kind, label > 0 ?
			status(data.call_status || label) :
			event === 'dialing' ? `${label} ${party(target)}` :
				label);
	if (from)
		return null;	/* the REFER and its NOTIFYs have rows */
	if (event === 'joining')
		return note('baresip', 'joins the calls');
	if (event === 'ended')
		return note('referd', ['transfer', data.transfer_result,
			data.transfer_reason].filter(Boolean).join(', '),
			    data.transfer_result === 'bridged' ? 'note' :
				'failure');

	return note('referd', `${event === 'next' ? 'the next target' : event}${
		reason ? `: ${reason}` : ''}`);
}


/* How the second call ended: refused by the target, or ended by either. */
function secondRow({ sip_status: code, sip_reason: reason, duration })
{
	if (code >= 300)
		return arrow('target', 'baresip', 'failure',
			     status(code, reason));
	if (/reset by peer/i.test(reason))
		return arrow('target', 'baresip', 'request', 'BYE');

	return arrow('baresip', 'target', 'request',
		     duration === undefined ? 'CANCEL' : 'BYE');
}


function hookStatusRow(data)
{
	const name = data.hook || 'hook';
	const http = data.http_status ? `HTTP ${data.http_status}` : '';

	switch (data.event) {

	case 'answered':
		return arrow('app', 'referd', 'answer', http || `ack ${name}`);
	case 'timeout':
		return note('referd', `no answer to hook ${name}`, 'failure');
	case 'failed':
		return note('referd', `hook ${name} failed${
			http ? `: ${http}` : ''}`, 'failure');
	default:
		return arrow('referd', 'app', 'request', `hook ${name}` +
			     (data.attempt > 1 ? `, attempt ${data.attempt}`
					       : ''));
	}
}


/* A hook of this page arrives twice: as verb:hook, and as the hook:status for
   all clients. Both are one row. */
function hookKey(msg)
{
	if (msg.type === 'verb:hook')
		return msg.msgid;

	return msg.data?.event === 'sent' ? msg.data.msgid : undefined;
}


function hookTwin(rows, msg)
{
	const key = hookKey(msg);

	return key && rows.findLast((r) => r.hook === key);
}


function hookRow(msg)
{
	const hook = hookKey(msg);

	if (msg.type === 'hook:status')
		return { ...hookStatusRow(msg.data), hook };

	const fact = hookFact(msg.data || {});

	return arrow('referd', 'app', 'request',
		     `hook ${msg.hook}${fact ? ` ${fact}` : ''}`, { hook });
}


/* The reason of baresip for the end of a call has these words. */
function callEndRow(t, { sip_reason: reason })
{
	if (t.evidence === 'bye')
		return null;
	if (reason === 'transferred')
		return arrow('baresip', 'far', 'request', 'BYE');
	if (/reset by peer/i.test(reason))
		return arrow('far', 'baresip', 'request', 'BYE');

	return note('baresip', `call ended${reason ? `: ${reason}` : ''}`);
}


/** The targets of a verb, in any of their forms */
export function targetsOf({ referTo, target })
{
	return [target ?? referTo].flat().map((x) => typeof x === 'object' ?
		x?.number || x?.sipUri || x?.name : x).filter(Boolean);
}


function entryRow(t, entry, waited)
{
	const { msg } = entry;

	if (entry.dir === 'out') {
		const v = verbSent(msg) || {};
		return arrow('app', 'referd', 'request',
			     `${v.verb} ${targetsOf(v).map(party).join(', ')}`);
	}

	switch (msg.type) {

	case 'verb:status':
		/* The verb of another client is known by its start only. */
		return arrow(t.entries[0].dir === 'out' ? 'referd' : 'app',
			     'baresip', 'request', msg.data.verb);
	case 'transfer:event':
		return eventRow(msg.data);
	case 'transfer:status':
		return transferRow(msg.data, waited);
	case 'verb:hook':
	case 'hook:status':
		return hookRow(msg);
	case 'call:status':
		return msg.call_sid === t.call_sid ?
			callEndRow(t, msg.data) : secondRow(msg.data);
	default:
		return null;
	}
}


/** The parties of a row, in words */
export function rowPlace(row)
{
	if (row.leg)
		return '';

	return row.at ? `at ${PARTY_NAMES[row.at]}` :
		`${PARTY_NAMES[row.from]} → ${PARTY_NAMES[row.to]}`;
}


/**
 * The rows of a transfer's ladder: {time, gap (ms since the row before), kind,
 * label, entries (the messages that it shows), and from and to, or at}
 */
export function rowsOf(t)
{
	const waited = span(t.ended - (t.ringing || t.accepted ||
				       t.requested));
	const rows = [];

	for (const entry of t.entries) {
		const twin = hookTwin(rows, entry.msg);
		if (twin) {
			twin.entries.push(entry);
			if (entry.msg.type === 'verb:hook')
				twin.label = hookRow(entry.msg).label;
			continue;
		}

		const row = entryRow(t, entry, waited);
		if (!row)
			continue;

		const before = rows.at(-1);
		row.time = entry.time;
		/* baresip and referd read the clock one after the other */
		row.gap = before ?
			Math.max(0, entry.time - before.time) : 0;
		row.entries = [entry];
		rows.push(row);
	}

	return rows;
}


/** The rows of all legs; with several legs, a row with `leg` heads each */
export function rowsOfLegs(legs)
{
	if (legs.length < 2 && !(legs[0].attempts > 1))
		return rowsOf(legs[0]);

	return legs.flatMap((leg, i) => {
		const rows = rowsOf(leg);
		const last = i ? legs[i - 1].entries.at(-1) : null;

		if (last && rows.length)
			rows[0].gap = Math.max(0, rows[0].time - last.time);

		return [{ leg, kind: 'heading', label: legText(leg),
			  time: rows[0]?.time ?? leg.requested, gap: 0,
			  entries: [] }, ...rows];
	});
}

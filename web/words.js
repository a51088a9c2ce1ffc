/**
 * @file words.js  The words of the page: outcomes, durations, short names
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { veilParty } from './mask.js';

/* Reason phrases for codes without one. */
const REASONS = {
	100: 'Trying', 180: 'Ringing', 181: 'Call Is Being Forwarded',
	182: 'Queued', 183: 'Session Progress', 200: 'OK', 202: 'Accepted',
	403: 'Forbidden', 404: 'Not Found', 408: 'Request Timeout',
	480: 'Temporarily Unavailable', 486: 'Busy Here',
	487: 'Request Terminated', 488: 'Not Acceptable Here',
	500: 'Server Internal Error', 503: 'Service Unavailable',
	600: 'Busy Everywhere', 603: 'Decline',
};

export const OUTCOMES = ['transferred', 'presumed', 'failed', 'unknown',
			 'cancelled'];

const OUTCOME_WORD = {
	transferred: 'Transferred', presumed: 'Presumed transferred',
	failed: 'Failed', unknown: 'Unknown', cancelled: 'Cancelled',
};


/** A status as SIP writes it: "486 Busy Here" */
export function status(code, reason)
{
	if (!code)
		return reason || '';

	const text = reason || REASONS[code] || '';

	return text.startsWith(`${code} `) ? text : `${code} ${text}`.trim();
}


/** A length of time in words: "240 ms", "6.2 s", "15 s", "2 min 5 s" */
export function span(ms)
{
	if (!(ms >= 0))
		return '';
	if (ms < 950)
		return `${Math.round(ms)} ms`;
	if (ms < 59950) {
		const s = (ms / 1000).toFixed(1);
		return `${s.replace(/\.0$/, '')} s`;
	}

	const s = Math.round(ms / 1000);
	const rest = s % 60;

	return `${Math.floor(s / 60)} min${rest ? ` ${rest} s` : ''}`;
}


/** A part of a whole: "42 %", "<1 %", ">99 %" */
export function percent(n, all)
{
	const p = 100 * n / all;

	return `${p > 99 && p < 100 ? '>99' : p > 0 && p < 1 ? '<1' :
		Math.round(p)} %`;
}


function two(n, width = 2)
{
	return String(n).padStart(width, '0');
}


/** A length of time as a clock shows it: "0:07", "12:40", "1:02:03" */
export function clock(ms)
{
	const s = Math.max(0, Math.floor(ms / 1000));
	const h = Math.floor(s / 3600);
	const m = Math.floor(s / 60) % 60;

	return (h ? `${h}:${two(m)}` : `${m}`) + `:${two(s % 60)}`;
}


/** The time of day of a moment: "14:03:09", or with milliseconds */
export function timeOfDay(ms, precise = false)
{
	const d = new Date(ms);
	const t = [d.getHours(), d.getMinutes(), d.getSeconds()]
		.map((n) => two(n)).join(':');

	return precise ? `${t}.${two(d.getMilliseconds(), 3)}` : t;
}


/** The day and the time of a moment: "23 Nov 14:03:09" */
export function dayTime(ms)
{
	const [, month, day, year] = new Date(ms).toDateString().split(' ');
	const now = String(new Date().getFullYear());

	return `${Number(day)} ${month} ${year === now ? '' : `${year} `}${
		timeOfDay(ms)}`;
}


/** The short name of a party: a URI without scheme, brackets, parameters */
export function party(uri)
{
	const s = String(uri ?? '');
	const inner = /<((?:sips?|tel):[^>]*)>/i.exec(s);

	return veilParty((inner ? inner[1] : s).replace(/^(sips?|tel):/i, '')
		.replace(/[;?].*$/s, ''));
}


/** The user part of a party, or the host if there is none */
export function partyUser(uri)
{
	const p = party(uri);

	return veilParty(p.replace(/@.*$/s, '')) || p;
}


function withCode(t)
{
	return t.refer_status ? ` with ${t.refer_status}` : '';
}


/* The time of ringing, or since the REFER if no 180 was reported. */
function afterWords(t)
{
	const refer = t.refer ?? t.requested;

	if (t.ringing && t.ended > t.ringing)
		return ` after ${span(t.ended - t.ringing)} of ringing`;
	if (t.ended > refer)
		return ` ${span(t.ended - refer)} after the REFER`;

	return '';
}


function lastReport(t)
{
	return t.call_status && t.call_status < 200 ?
		`, ${status(t.call_status, '')}` : '';
}


function failedWords(t)
{
	switch (t.evidence) {

	case 'response':
		return `the far end refused the REFER with ${
			status(t.refer_status, t.reason)}`;
	case 'timeout':
		return 'the far end did not answer the REFER';
	case 'transport':
		return 'the REFER could not be sent' +
			(t.reason ? ` (${t.reason})` : '');
	case 'bye':
		return 'the call ended before the far end answered the REFER';
	case 'notify':
		return `the far end reported ${
			status(t.call_status, t.reason)}${afterWords(t)}`;
	case 'dial':
		return t.call_status >= 300 ? `the target answered our call ` +
			`with ${status(t.call_status, t.reason)}` : t.reason ||
			'the target did not take the call';
	default:
		return status(t.call_status || t.refer_status, t.reason) ||
			'the far end gave no reason';
	}
}


function presumedWords(t)
{
	if (t.evidence === 'refer-sub')
		return `accepted${withCode(t)}, and the far end sends no ` +
			'NOTIFY (Refer-Sub: false)';

	return `accepted${withCode(t)}${lastReport(t)}, then the far end ` +
		'ended the call without a final report';
}


/** The reason for a transfer without a result on a lost machine, else '' */
export function memberLost({ reason })
{
	return /^the member /.test(reason) ? reason : '';
}


function unknownWords(t)
{
	const wait = span(t.ended - (t.ringing || t.accepted || t.requested));

	switch (t.evidence) {

	case 'timer:notify':
		return `accepted${withCode(t)}, then no NOTIFY for ${wait}`;
	case 'timer:ringing':
		return `accepted${withCode(t)}${lastReport(t)}, ` +
			`then no result for ${wait}`;
	case 'terminated':
		return `accepted${withCode(t)}${lastReport(t)}, then the ` +
			`subscription ended: ${t.reason || 'no result arrived'}`;
	case 'node':
		return memberLost(t) || 'baresip ended during the transfer';
	default:
		return t.reason || 'no result arrived';
	}
}


function endedWords(t)
{
	switch (t.outcome) {

	case 'transferred':
		return `the far end reported ${
			status(t.call_status, t.reason)}${afterWords(t)}`;
	case 'failed':
		return failedWords(t);
	case 'presumed':
		return presumedWords(t);
	case 'unknown':
		return unknownWords(t);
	case 'cancelled':
		if (t.evidence === 'timer:answer')
			return t.reason || 'the target did not answer in time';
		return t.ringing ? 'by the application, while it rang' :
			'by the application';
	default:
		return t.reason || '';
	}
}


/* Before the REFER. */
const WARM = {
	held: 'the caller is on hold', dialing: 'the target is called',
	ringing: 'the target rings', answered: 'the target has answered',
	prompt: 'the target hears the prompt',
	confirmed: 'the target has confirmed',
	joining: 'the two calls are being joined',
};


function runningWords(t, now)
{
	if (t.warm)
		return WARM[t.warm] || 'the second call begins';
	if (t.step === 'progress' && t.call_status >= 180)
		return `the target rings (${status(t.call_status, t.reason)})`
			+ `, ${span(Math.max(0, now - t.ringing))} so far`;
	if (t.step === 'progress')
		return `the far end reports ${
			status(t.call_status, t.reason)}`;
	if (t.step === 'accepted')
		return `accepted with ${status(t.refer_status, t.reason)}, ` +
			'waiting for a report';

	return 'the REFER is sent, no answer yet';
}


const DOUBT = {
	notify: 'the target cannot have answered yet',
	timeout: 'the REFER may have arrived',
	bye: 'no final report arrived',
	'refer-sub': 'the far end sends no NOTIFY',
};


/** The confidence in an outcome, and the reason */
export function confidence({ confidence: sure, evidence })
{
	return sure && `${sure}: ${sure === 'high' ? 'the far end reported it' :
		DOUBT[evidence] || 'the target may still ring'}`;
}


/** The state of a transfer in one word */
export function outcomeWord(t)
{
	return OUTCOME_WORD[t.outcome] || 'In progress';
}


/** The outcome of a transfer in one sentence with its evidence; `now` is by the
    clock of referd */
export function sentence(t, now)
{
	const words = t.outcome ? endedWords(t) : runningWords(t, now);

	return `${outcomeWord(t)}: ${words}.`;
}


function standing(t)
{
	if (t.warm && !t.outcome)
		return WARM[t.warm] || '';
	if (t.evidence === 'dial' && !(t.call_status >= 300))
		return t.reason;
	if (t.outcome === 'failed')
		return status(t.call_status || t.refer_status, t.reason);
	if (t.step === 'requested')
		return 'REFER sent';
	if (t.step === 'accepted' || !t.call_status)
		return status(t.refer_status, t.outcome ? '' : t.reason);

	return status(t.call_status, t.reason);
}


/** The state or the result of a transfer, for a line of a list */
export function result(t)
{
	return ['unknown', 'presumed', 'cancelled'].includes(t.outcome) ?
		t.reason || t.outcome : standing(t);
}

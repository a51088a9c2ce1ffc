/**
 * @file export.js  A transfer as text for a carrier's ticket, as JSON and
 *                  as a capture
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { copyText, h } from './dom.js';
import { scoped } from './fleet.js';
import { getFile, getJson } from './http.js';
import { masking, maskedJson, veilField } from './mask.js';
import { farEnd, serverNow } from './model.js';
import { attemptText, legsOf, verbText } from './legs.js';
import { PARTIES, PARTY_NAMES, rowsOfLegs } from './rows.js';
import { confidence, sentence, span, status } from './words.js';

/* Characters from one party's line to the next. */
const STEP = 13;


function utc(ms)
{
	return ms ? new Date(ms).toISOString() : '';
}


function put(line, at, text)
{
	return line.padEnd(at).slice(0, at) + text +
		line.slice(at + text.length);
}


function column(party)
{
	return PARTIES.indexOf(party) * STEP;
}


function headLine()
{
	return PARTIES.reduce((line, p) => put(line, column(p),
					       PARTY_NAMES[p]), '');
}


/* Requests are solid, answers dashed, failures end in an X. */
function arrowLine(line, { from, to, kind })
{
	const [a, b] = [column(from), column(to)].sort((x, y) => x - y);
	const right = column(to) > column(from);
	const dash = kind === 'answer' ? '- ' : '-';
	const head = kind === 'failure' ? 'X' : right ? '>' : '<';
	const shaft = dash.repeat(b - a).slice(0, b - a - 2);

	return put(line, a + 1, right ? shaft + head : head + shaft);
}


function rowLine(row)
{
	if (row.leg)
		return `--- ${veilField('', row.label)}`;

	const lines = PARTIES.reduce((line, p) => put(line, column(p), '|'),
				     '');
	const drawn = row.at ? put(lines, column(row.at), '*') :
		arrowLine(lines, row);

	return [utc(row.time).slice(11, 23),
		(row.gap ? `+${span(row.gap)}` : '').padStart(9), drawn,
		veilField('', row.label)].join('  ');
}


/** The ladder in characters: a line for each row, its label at the end */
export function ladderText(rows)
{
	return [`${'time (UTC)'.padEnd(12)}  ${'gap'.padStart(9)}  ${
		headLine()}`, ...rows.map(rowLine)].join('\n');
}


function fields(values)
{
	return Object.entries(values).filter(([, value]) => value)
		.map(([name, value]) => `${name}: ${veilField(name, value)}`);
}


/* A SIP message as on the wire, without the parts that are not known. */
function messageText(time, { start, headers, body })
{
	return [`--- ${utc(time)}`, veilField('', start),
		...fields(headers || {}),
		...body?.length ? ['', ...body] : [], ''].join('\n');
}


/* The SIP messages that baresip reported: {time, sip} each. */
function sipMessages(t)
{
	return t.entries.filter((e) => e.msg.data?.sip)
		.map((e) => ({ time: e.time, sip: e.msg.data.sip }));
}


/** The facts of a transfer beside its outcome, by name */
export function transferFields(t, call)
{
	return {
		Attempt: attemptText(t).replace('attempt ', ''),
		Evidence: t.evidence, Confidence: confidence(t),
		Late: t.late_status && status(t.late_status, t.late_reason),
		'Call-ID': call?.call_id,
		'Refer-To': t.refer_to, 'Referred-By': t.referred_by,
		'Far end': farEnd(call) || t.far,
		Machine: t.member, Gateway: t.node || call?.node,
		'Transfer id': t.transfer_id, 'Verb id': t.verb_id,
		Trace: t.traceparent,
	};
}


/** The text for a carrier's ticket: the outcome and its evidence, the facts,
    the ladder, the SIP messages, with times in UTC */
export function transferText(model, t, now)
{
	const call = model.calls.get(t.call_sid);
	const legs = legsOf(model, t);
	const last = legs.at(-1);

	return [[veilField('', sentence(last, now)), verbText(last)].join(' ')
		.trim(), '',
		...legs.flatMap((leg) => [...fields({
			...transferFields(leg, call),
			Began: utc(leg.requested), Ended: utc(leg.ended),
		}), '']), ladderText(rowsOfLegs(legs)), '',
	...legs.flatMap(sipMessages).map(({ time, sip }) => messageText(time, sip))]
		.join('\n');
}


/* The newest transfer of a verb in the history of referd. A second call without
   a REFER is not in it. */
function keptLeg(model, t)
{
	return legsOf(model, t).findLast((leg) => !leg.warm);
}


/* Get a transfer from referd, in the form of a suffix: {body, error} */
function fetchTransfer(ctx, t, get, suffix = '', params = {})
{
	const leg = keptLeg(ctx.model, t);

	return leg ? get(scoped(ctx, `transfers/${encodeURIComponent(
		leg.transfer_id)}${suffix}`, params, false)) :
		{ error: 'No REFER was sent: referd keeps no transfer.' };
}


/* The transfer and its messages as GET /transfers/{id} answers */
async function transferJson(ctx, t)
{
	const { body, error } = await fetchTransfer(ctx, t, getJson);

	return { error, body: body && JSON.stringify(masking() ?
		maskedJson(body) : body, null, 2) };
}


function save(name, type, body)
{
	const url = URL.createObjectURL(new Blob([body], { type }));

	h('a', { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 1000);
}


/** The menu that exports a transfer, and the place where it reports */
export function exportMenu(ctx, t)
{
	const said = h('span.said', { role: 'status' });
	const menu = h('details.menu');
	const text = () => ({ body: transferText(ctx.model, t,
						 serverNow(ctx.model)) });
	const json = () => transferJson(ctx, t);
	const pcapng = () => fetchTransfer(ctx, t, getFile, '.pcapng',
					   masking() ? { mask: 'yes' } : {});
	const say = (what, error) => {
		said.textContent = what;
		said.classList.toggle('bad', Boolean(error));
		clearTimeout(said.timer);
		said.timer = setTimeout(() => said.replaceChildren(),
					error ? 8000 : 2000);
	};
	const item = (label, make, use) => h('button', { type: 'button',
		async onclick() {
			menu.open = false;
			const { body, error } = await make();

			say(error || await use(body) || '', error);
		} }, label);
	const copy = (label, make, name) => item(`Copy as ${label}`, make,
		async (body) => await copyText(body) ? `${name} copied` :
			'Not copied');
	const saved = (label, make, suffix, type) => item(`Save as ${label}`,
		make, (body) => save(`transfer-${t.transfer_id}.${suffix}`,
				     type, body));

	menu.append(h('summary.button.small', {}, 'Export'),
		h('div.items', {}, copy('text', text, 'Text'),
		  copy('JSON', json, 'JSON'),
		  saved('text', text, 'txt', 'text/plain'),
		  saved('JSON', json, 'json', 'application/json'),
		  saved('pcapng', pcapng, 'pcapng', 'application/x-pcapng')));
	menu.onkeydown = (event) => {
		if (event.key === 'Escape' && menu.open) {
			menu.open = false;
			menu.firstChild.focus();
			event.stopPropagation();
		}
	};

	return [said, menu];
}

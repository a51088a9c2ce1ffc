/**
 * @file calls.js  The live calls, and the page of one call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { callEnded, callTransfers, liveCalls, mayControl, serverNow }
	from './model.js';
import { $, facts, h, keyed, OBSERVER, setProp, setText }
	from './dom.js';
import { ofView } from './fleet.js';
import { referForm } from './form.js';
import { callGuide } from './guide.js';
import { transferForm } from './verbform.js';
import { cancelButton, playForm } from './acts.js';
import { unreachable } from './members.js';
import { clock, memberLost, party, partyUser, status, timeOfDay }
	from './words.js';
import { fillTransfer, makeTransfer } from './transfers.js';

/* Calls in the list: the filter finds the others. */
const SHOWN_MAX = 200;


function ringsHere(call)
{
	return call.direction === 'inbound' &&
		['trying', 'ringing', 'early-media'].includes(
			call.call_status);
}


function age(model, call)
{
	if (callEnded(call))
		return call.answered ? clock(call.ended - call.answered) : '';
	if (!call.answered)
		return '';

	return clock(serverNow(model) - call.answered);
}


function stateText(model, call)
{
	const word = (call.call_status || '').replace('-', ' ')
		.replace('completed', 'ended');

	return [word, age(model, call)].filter(Boolean).join(' ');
}


function hangUp(ctx, call)
{
	ctx.send({ type: 'command', command: 'call:status',
		   callSid: call.call_sid,
		   data: { call_status: 'completed' } });
}


function answerButton(ctx, call)
{
	return h('button.small.answer', { type: 'button', onclick: () =>
		ctx.send({ verb: 'answer', call_sid: call.call_sid }) },
	'Answer');
}


/* The machine of a call, in a fleet. */
function machine(model, call)
{
	return unreachable(model, call) ? `${call.member} (not reachable)` :
		call.member || '';
}


function makeCall(ctx, call)
{
	return h('li.call', {},
		 h('a.item', { href: `#/calls/${call.call_sid}` },
		   h('span.way', { 'aria-hidden': 'true' }),
		   h('span.who', {}, h('b.from'), h('span.to')),
		   h('span.state')), answerButton(ctx, call));
}


function fillCall(ctx, el, call)
{
	const get = (sel) => el.querySelector(sel);

	setText(get('.way'), call.direction === 'outbound' ? '↗' : '↙');
	setText(get('.from'), party(call.from) || 'unknown');
	setText(get('.to'), [party(call.to), call.parent_call_sid &&
		'second call of a transfer', machine(ctx.model, call)]
		.filter(Boolean).join(' · '));
	setText(get('.state'), stateText(ctx.model, call));
	setProp(get('.answer'), 'hidden', !ringsHere(call) ||
		!mayControl(ctx.model));
	el.dataset.state = call.call_status;
	el.classList.toggle('chosen', ctx.route.calls === call.call_sid);
}


/* The texts of a call that the filter searches. */
function callText(call)
{
	return [call.from, call.to, call.caller_name, call.node, call.member,
		call.call_sid].join(' ').toLowerCase();
}


/** Make the list of live calls; returns its update */
export function callList(ctx)
{
	const list = $('calls');
	const filter = $('calls-filter');
	const guide = callGuide(ctx);

	filter.oninput = ctx.changed;

	return () => {
		const all = ofView(ctx, liveCalls(ctx.model));
		const word = filter.value.trim().toLowerCase();
		const calls = word ? all.filter((c) => callText(c)
			.includes(word)) : all;
		const more = calls.length - SHOWN_MAX;

		setProp(filter, 'hidden', !word && all.length <= SHOWN_MAX);
		setText($('calls-more'), more > 0 ? `${more.toLocaleString(
			'en')} more calls: use the filter.` : word &&
			!calls.length ? 'No call matches the filter.' : '');
		keyed(list, calls.slice(0, SHOWN_MAX), (c) => c.call_sid, (c) => makeCall(ctx, c),
		      (el, c) => fillCall(ctx, el, c));
		guide(all.length > 0);
		setProp($('dial-open'), 'hidden', !mayControl(ctx.model));
		setText($('calls-count'), calls.length ? `${calls.length}` :
			'');
	};
}


function callFacts(model, call)
{
	const name = call.caller_name && `“${call.caller_name}” `;

	return facts({
		From: `${name || ''}${call.from_uri || call.from}`,
		To: call.to_uri || call.to, Account: call.account,
		Machine: machine(model, call), Gateway: call.node, Began: timeOfDay(call.since),
		'SIP status': status(call.sip_status, call.sip_reason),
		'Call-ID': call.call_id, call_sid: call.call_sid,
	});
}


/* These include From and To as the INVITE has them. */
function inviteFacts(call)
{
	const list = facts(call.sip?.headers || {});

	return list.length ? [h('h3', {}, 'Header fields of the INVITE'),
			      h('dl.facts', {}, list)] : [];
}


/**
 * The page of one call
 *
 * @return {element, update}
 */
export function callPage(ctx, sid)
{
	const { model } = ctx;
	const call = model.calls.get(sid);
	if (!call)
		return missing(ctx, 'This call has ended. The page has ' +
			       'no data of it.');

	const title = h('h2');
	const state = h('span.chip');
	const buttons = [answerButton(ctx, call),
		h('button.small.danger', { type: 'button', onclick:
			() => hangUp(ctx, call) }, 'Hang up')];
	const about = h('div.about');
	const over = h('p.hint', { hidden: true });
	const cancel = cancelButton(ctx, call.parent_call_sid || sid);
	const form = referForm(ctx, call);
	const verb = transferForm(ctx, call);
	const play = playForm(ctx, call);
	const watching = h('p.hint', {}, OBSERVER);
	const away = h('p.hint', { hidden: true }, `${call.member} does not ` +
		'answer. Until it does, referd refuses verbs for this call.');
	const list = h('ul.list.inset');
	const past = h('section.card', { hidden: true },
		       h('h3', {}, 'Transfers of this call'), list);
	let shown = '';

	function update()
	{
		setText(title, `${partyUser(call.from)} → ${
			partyUser(call.to)}`);
		setText(state, stateText(model, call));
		state.dataset.state = call.call_status;

		const ended = callEnded(call);
		const idle = ended || !mayControl(model);
		const second = Boolean(call.parent_call_sid);
		setProp(buttons[0], 'hidden', idle || !ringsHere(call));
		setProp(buttons[1], 'hidden', idle);
		for (const { element: el } of [form, verb, play])
			setProp(el, 'hidden', idle || second);
		cancel.update();
		setProp(watching, 'hidden', mayControl(model));
		setProp(over, 'hidden', !ended);
		setProp(away, 'hidden', ended || !unreachable(model, call));
		setText(over, `The call has ended${call.sip_reason ?
			` (${call.sip_reason})` : ''}.${
			memberLost({ reason: call.sip_reason }) ?
			' The state of its far end is not known.' : ''}`);

		const now = JSON.stringify([call, machine(model, call)]);
		if (now !== shown)
			about.replaceChildren(
				h('dl.facts', {}, callFacts(model, call)),
				...inviteFacts(call));
		shown = now;

		const ts = callTransfers(model, sid);
		setProp(past, 'hidden', !ts.length);
		keyed(list, ts, (t) => t.transfer_id, makeTransfer,
		      (el, t) => fillTransfer(ctx, el, t));
		form.update();
		verb.update();
		play.update();
	}

	const element = h('article.page', {},
		h('header.page-head', {}, ctx.back(), title, state,
		  h('span.spacer'), cancel.button, ...buttons),
		over, away, watching, call.parent_call_sid ? h(
			'a', { href: `#/calls/${call.parent_call_sid}` },
			'Second call of a transfer: to the first call') :
			'', cancel.said,
		form.element, verb.element, play.element, past,
		h('details.card.more', { open: true },
		  h('summary', {}, 'About this call'), about));

	return { element, update, focus: () => form.focus() };
}


/** A page that shows one sentence */
export function missing(ctx, text)
{
	return { element: h('article.page', {},
			    h('header.page-head', {}, ctx.back()),
			    h('p.nothing', {}, text)), update() {} };
}

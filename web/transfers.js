/**
 * @file transfers.js  The list of transfers, and the page of one transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { cancelButton } from './acts.js';
import { allTransfers, callEnded, serverNow } from './model.js';
import { $, facts, h, keyed, setProp, setText }
	from './dom.js';
import { exportMenu, transferFields } from './export.js';
import { ofView } from './fleet.js';
import { LadderView } from './flow.js';
import { attemptText, legsOf, openText, verbText } from './legs.js';
import { outcomeWord, party, partyUser, sentence, span, result,
	 timeOfDay } from './words.js';

/* The history has the others. */
const SHOWN_MAX = 100;


/** An element for a transfer in a list */
export function makeTransfer(t)
{
	return h('li.transfer', {},
		 h('a.item', { href: `#/transfers/${t.transfer_id}` },
		   h('span.mark', { 'aria-hidden': 'true' }),
		   h('span.who', {}, h('b.target'), h('span.far')),
		   h('span.when', {}, h('span.step'), h('time'))));
}


/** Update the element of a transfer */
export function fillTransfer(ctx, el, t)
{
	const get = (sel) => el.querySelector(sel);
	const state = t.outcome || 'running';

	setText(get('.target'), party(t.refer_to) || t.transfer_id);
	setText(get('.far'), [t.far ? `from ${partyUser(t.far)}` :
		t.verb_id, attemptText(t), t.member].filter(Boolean)
		.join(' · '));
	setText(get('.step'), result(t));
	setText(get('time'), t.requested ? timeOfDay(t.requested) : '');
	get('.mark').title = outcomeWord(t);
	el.dataset.state = state;
	el.classList.toggle('chosen', ctx.shownTransfer === t.transfer_id);
}


/** Make the list of the latest transfers; returns its update */
export function transferList(ctx)
{
	const list = $('transfers');

	return () => {
		const all = ofView(ctx, allTransfers(ctx.model));

		keyed(list, all.slice(0, SHOWN_MAX), (t) => t.transfer_id,
		      makeTransfer, (el, t) => fillTransfer(ctx, el, t));
		setProp($('transfers-empty'), 'hidden', all.length > 0);
	};
}


/* The state of the call, unless the outcome implies it. */
function aftermath(model, t)
{
	const call = model.calls.get(t.call_sid);

	if (!call || !t.outcome)
		return '';
	if (callEnded(call))
		return 'The call has ended.';

	return ['transferred', 'presumed'].includes(t.outcome) ? '' :
		`The call is still up${t.media === false ?
			', but receives no media' : ''}.`;
}


function transferFacts(model, t)
{
	const call = model.calls.get(t.call_sid);

	return facts({
		...transferFields(t, call),
		Took: t.ended ? span(t.ended - t.requested) : '',
	});
}


function afterText(model, t)
{
	return [t.attempts > 1 ? `This ${t.outcome ? 'was' : 'is'} ${
		attemptText(t)}.` : '', verbText(t), openText(t),
	aftermath(model, t)].filter(Boolean).join(' ');
}


/** The page of one transfer, and of the other attempts of its verb: {element,
    update} */
export function transferPage(ctx, id)
{
	const { model } = ctx;
	const wanted = model.transfers.get(id);
	const word = h('p.verdict');
	const after = h('span.after');
	const about = h('dl.facts');
	const title = h('h2');
	const cancel = cancelButton(ctx, wanted.call_sid);
	const ladder = new LadderView(ctx, wanted, about);
	let shown = '';

	function update()
	{
		const t = legsOf(model, wanted).at(-1);
		const text = sentence(t, serverNow(model));
		const cut = text.indexOf(': ');
		const behind = afterText(model, t);
		const now = `${t.transfer_id}${text}${behind}`;

		setText(title, `${partyUser(t.far) || 'call'} → ${
			partyUser(t.refer_to)}`);
		cancel.update();
		word.dataset.state = t.outcome || 'running';
		if (now !== shown) {
			word.replaceChildren(
				h('b', {}, text.slice(0, cut + 1)),
				`${text.slice(cut + 1)} `, after);
			setText(after, behind);
			about.replaceChildren(...transferFacts(model, t));
		}
		shown = now;
		ladder.update();
	}

	const element = h('article.page', {},
		h('header.page-head', {}, ctx.back(),
		  title, h('span.spacer'), cancel.button,
		  model.calls.get(wanted.call_sid) ? h('a.button.small', {
			href: `#/calls/${wanted.call_sid}` }, 'Call') : '',
		  exportMenu(ctx, wanted)),
		word, cancel.said, ladder.element);

	return { element, update, focus() {
		ladder.wanted = true;
	} };
}

/**
 * @file transfers.js  The list of transfers, and the page of one transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { allTransfers, callEnded, farEnd, serverNow } from './model.js';
import { $, facts, h, keyed, setProp, setText }
	from './dom.js';
import { exportMenu, transferFields, transferJson, transferText }
	from './export.js';
import { LadderView } from './flow.js';
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


/** Write what may change into it */
export function fillTransfer(ctx, el, t)
{
	const get = (sel) => el.querySelector(sel);
	const state = t.outcome || 'running';

	setText(get('.target'), party(t.refer_to) || t.transfer_id);
	setText(get('.far'), t.far ? `from ${partyUser(t.far)}` :
		t.verb_id || '');
	setText(get('.step'), result(t));
	setText(get('time'), t.requested ? timeOfDay(t.requested) : '');
	get('.mark').title = outcomeWord(t);
	el.dataset.state = state;
	el.classList.toggle('chosen', ctx.shownTransfer === t.transfer_id);
}


/** The latest transfers: gives their update */
export function transferList(ctx)
{
	const list = $('transfers');

	return () => {
		const all = allTransfers(ctx.model);

		keyed(list, all.slice(0, SHOWN_MAX), (t) => t.transfer_id,
		      makeTransfer, (el, t) => fillTransfer(ctx, el, t));
		setProp($('transfers-empty'), 'hidden', all.length > 0);
	};
}


/* What became of the call, where that is not plain from the outcome. */
function aftermath(model, t)
{
	const call = model.calls.get(t.call_sid);

	if (!call || !t.outcome)
		return '';
	if (callEnded(call))
		return 'The call has ended.';

	return ['transferred', 'presumed'].includes(t.outcome) ? '' :
		`The call is still up${t.media === false ?
			', but no media comes' : ''}.`;
}


function transferFacts(model, t)
{
	const call = model.calls.get(t.call_sid);

	return facts({
		...transferFields(t, call),
		Took: t.ended ? span(t.ended - t.requested) : '',
	});
}


/** The page of one transfer: {element, update} */
export function transferPage(ctx, id)
{
	const { model } = ctx;
	const t = model.transfers.get(id);
	const word = h('p.verdict');
	const after = h('span.after');
	const about = h('dl.facts');
	const ladder = new LadderView(ctx, t, about);
	let shown = '';

	function update()
	{
		const text = sentence(t, serverNow(model));
		const cut = text.indexOf(': ');
		const now = `${text}${aftermath(model, t)}${t.late_status}`;

		word.dataset.state = t.outcome || 'running';
		if (now !== shown) {
			word.replaceChildren(
				h('b', {}, text.slice(0, cut + 1)),
				`${text.slice(cut + 1)} `, after);
			setText(after, aftermath(model, t));
			about.replaceChildren(...transferFacts(model, t));
		}
		shown = now;
		ladder.update();
	}

	const element = h('article.page', {},
		h('header.page-head', {}, ctx.back(),
		  h('h2', {}, `${partyUser(t.far) || 'call'} → ${
			partyUser(t.refer_to)}`),
		  h('span.spacer'),
		  model.calls.get(t.call_sid) ? h('a.button.small', {
			href: `#/calls/${t.call_sid}` }, 'Call') : '',
		  exportMenu(id, () => transferText(model, t,
						    serverNow(model)),
			     () => transferJson(model, t))),
		word, ladder.element);

	return { element, update, focus() {
		ladder.wanted = true;
	} };
}

/**
 * @file pages.js  Which page stands in the detail: a call, a transfer, dial
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { $, h } from './dom.js';
import { allTransfers, liveCalls } from './model.js';
import { callPage, missing } from './calls.js';
import { dialPage } from './dial.js';
import { transferPage } from './transfers.js';


function emptyPage(ctx)
{
	const { model } = ctx;
	const calls = liveCalls(model).length;
	const hint = `${calls ? 'Choose a call to transfer it' :
		'Once a call is up, transfer it here'}, or send the verb:`;

	return { element: h('div.welcome', {},
		h('h2', {}, 'No transfer yet'), h('p', {}, hint),
		h('pre.json', {}, '{"verb": "sip:refer", "referTo": ' +
			'"+49301234"}'),
		h('p.hint', {}, `to ${ctx.link.url}`)), update() {} };
}


/* With nothing chosen, the newest transfer is what one wants to see. */
function pageWanted(ctx)
{
	const { route, model } = ctx;
	const newest = allTransfers(model)[0];

	if (route.dial !== undefined)
		return ['dial', () => dialPage(ctx)];
	if (route.calls)
		return [`calls/${route.calls}/${model.calls.has(route.calls)}`,
			() => callPage(ctx, route.calls)];
	if (route.transfers && !model.transfers.has(route.transfers))
		return ['missing', () => missing('This transfer is not ' +
						 'known here.')];

	const id = route.transfers || newest?.transfer_id;

	return id ? [`transfers/${id}`, () => transferPage(ctx, id), id] :
		[`empty/${liveCalls(model).length > 0}`, () => emptyPage(ctx)];
}


/**
 * The page that the address names; returns the function that brings it up to
 * date
 */
export function detailPage(ctx)
{
	const detail = $('detail');
	let page = null;

	return () => {
		const [key, make, id] = pageWanted(ctx);

		ctx.shownTransfer = id || '';
		if (page?.key !== key || ctx.fresh) {
			ctx.fresh = false;
			page = make();
			page.key = key;
			detail.replaceChildren(page.element);
			detail.scrollTop = 0;
			if (ctx.focusPage)
				page.focus?.();
			ctx.focusPage = false;
		}
		page.update();
	};
}

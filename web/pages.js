/**
 * @file pages.js  The page in the detail: a call, a transfer, dial
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { $, h } from './dom.js';
import { getJson } from './http.js';
import { allTransfers, liveCalls } from './model.js';
import { callPage, missing } from './calls.js';
import { dialPage } from './acts.js';
import { ofView, scoped } from './fleet.js';
import { legsOf } from './legs.js';
import { legsWhole, modelTold } from './told.js';
import { transferPage } from './transfers.js';


function emptyPage(ctx)
{
	const { model } = ctx;
	const calls = liveCalls(model).length;
	const hint = `${calls ? 'Choose a call to transfer it' :
		'Transfer a call here'}, or send a verb to ${ctx.link.url}:`;

	return { element: h('div.welcome', {},
		h('h2', {}, 'No transfer yet'), h('p', {}, hint),
		h('pre.json', {}, '{"verb": "sip:refer", "referTo": ' +
			'"+49301234"}')), update() {} };
}


const ALONE = ' It may belong to another machine: choose “All machines” above.';

const NOT_KEPT = 'referd has no such transfer. It may be older than the ' +
	'history, or the link may be incomplete.';


/* Ask referd, once, for a transfer whose beginning the page has missed. `loads`
   has the result, by id. */
async function load(ctx, id)
{
	ctx.loads.set(id, 'Loading …');
	const { status, body, error } = await getJson(scoped(ctx, `transfers/${
		encodeURIComponent(id)}`, {}, false));

	if (body)
		modelTold(ctx.model, body);
	ctx.loads.set(id, status !== 404 ? error : NOT_KEPT +
		(ctx.model.fleet && ctx.model.scope === 'local' ? ALONE : ''));
	ctx.changed();
}


function transferWanted(ctx, wanted)
{
	const { model } = ctx;
	const id = model.renamed.get(wanted) || wanted;
	const t = model.transfers.get(id);

	/* Before hello the backlog is not known. */
	if (ctx.link.state === 'live' && !ctx.loads.has(id) &&
	    !t?.warm && !(t && legsWhole(model, t)))
		load(ctx, id);

	/* The attempts of one verb have one page. */
	if (t)
		return [`transfers/${legsOf(model, t)[0].transfer_id}/${
			ctx.route.transfers || ''}`,
		() => transferPage(ctx, id), id];

	const text = ctx.loads.get(id) || 'Loading …';

	return [`missing/${text}`, () => missing(ctx, text)];
}


/* Without a choice the newest transfer is shown. */
function pageWanted(ctx)
{
	const { route, model } = ctx;
	const [newest] = ofView(ctx, allTransfers(model));

	if (route.dial !== undefined)
		return [`dial/${model.role}`, () => dialPage(ctx)];
	if (route.calls)
		return [`calls/${route.calls}/${model.calls.has(route.calls)}`,
			() => callPage(ctx, route.calls)];
	if (route.transfers)
		return transferWanted(ctx, route.transfers);

	return newest ? transferWanted(ctx, newest.transfer_id) :
		[`empty/${liveCalls(model).length > 0}`, () => emptyPage(ctx)];
}


/** Make the page of the address; returns its update */
export function detailPage(ctx)
{
	const detail = $('detail');
	let page = null;

	return () => {
		const [key, make, id] = pageWanted(ctx);

		ctx.shownTransfer = id || '';
		if (page?.key !== key || page.list !== ctx.lastList ||
		    ctx.fresh) {
			ctx.fresh = false;
			page = make();
			Object.assign(page, { key, list: ctx.lastList });
			detail.replaceChildren(page.element);
			detail.scrollTop = 0;
			if (ctx.focusPage)
				page.focus?.();
			ctx.focusPage = false;
		}
		page.update();
	};
}

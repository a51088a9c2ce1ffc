/**
 * @file fleet.js  A fleet in the page: the choice of machines, their state and
 *                 that of NATS
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { $, h, keyed, setProp, setText, stored } from './dom.js';
import { chosenView, fleetSentence, fleetWord, gapText, membersOf, viewValue }
	from './members.js';
import { dayTime, timeOfDay } from './words.js';


/** The view that this browser has stored: {scope, member} */
export function keptView(value)
{
	return chosenView(stored('localStorage', 'view', value));
}


/** The only machine shown, '' for all */
export function onlyMember({ model, view })
{
	return model.scope === 'fleet' ? view.member : '';
}


/** The calls, transfers or nodes of the machines shown */
export function ofView(ctx, list)
{
	const only = onlyMember(ctx);

	return only ? list.filter((x) => x.member === only) : list;
}


/** A path of referd for the machines shown: `params` by name; `some` allows a
    single machine */
export function scoped(ctx, path, params = {}, some = true)
{
	const query = new URLSearchParams(params);
	const only = onlyMember(ctx);

	query.delete('member');
	if (ctx.model.scope === 'fleet')
		query.set('scope', 'fleet');
	if (only && some)
		query.set('member', only);

	return `${path}${query.size ? `?${query}` : ''}`;
}


/* The choices: all machines, one of them, or this machine without the fleet. */
function choices({ model, view })
{
	const names = membersOf(model).map((m) => m.member);
	const { member } = view;

	if (member && !names.includes(member))
		names.push(member);

	return [['fleet', 'All machines'],
		...names.map((name) => [`only:${name}`, name]),
		['local', `This machine alone (${model.fleet?.member})`]]
		.map(([value, text]) => ({ value, text }));
}


function chooserShow(ctx)
{
	const select = $('scope');
	const { model, view, link } = ctx;

	/* Without a hello of a fleet there is no choice. */
	setProp(select, 'hidden', !membersOf(model).some((m) => m.view &&
		m.member === model.fleet.member) && link.scope !== 'fleet');
	keyed(select, choices(ctx), (c) => c.value,
	      ({ value }) => h('option', { value }),
	      (el, { text }) => setText(el, text));
	setProp(select, 'value', viewValue(view));
}


function chipShow({ model, link })
{
	const { text, state } = fleetWord(model.fleet);
	const el = $('fleet-state');

	setProp(el.parentNode, 'hidden', !text || !link.connected);
	setText(el, text);
	el.dataset.state = state;
}


function memberRow(m, mine)
{
	const number = (n) => h('td.number', {}, Array.isArray(n) ?
		String(n.length) : String(n ?? ''));
	const seen = Date.parse(m.seen);
	const el = h('tr', {}, h('th', { scope: 'row' }, h('span.node', {},
		m.member), m.member === mine ? ' (this one)' : ''),
	h('td', {}, m.reachable ? 'reachable' : 'not reachable'),
	number(m.calls), number(m.transfers), number(m.nodes),
	number(m.lag), h('td', {}, (m.labels || []).join(', ')),
	h('td', {}, m.view ? 'yes' : 'no'), h('td', {}, m.version || ''),
	h('td', {}, seen ? dayTime(seen) : ''));

	el.querySelector('.node').dataset.connected = m.reachable;

	return el;
}


/* Losses, the newest first. */
function newsShow({ news })
{
	$('fleet-news').replaceChildren(...[...news].reverse().map((e) =>
		h('li', {}, `${timeOfDay(e.time)} ${gapText(e.msg)}`)));
}


/** Make the fleet's parts of header and overview; returns their update */
export function fleetView(ctx)
{
	let shown = '';

	$('scope').onchange = () => ctx.choose(chosenView($('scope').value));

	return () => {
		const { model } = ctx;
		const { fleet } = model;

		chooserShow(ctx);
		chipShow(ctx);
		document.body.dataset.scope = model.scope;
		setProp($('fleet'), 'hidden', !fleet);
		if (!fleet || ctx.route.overview === undefined)
			return;

		const now = JSON.stringify([fleet, model.news.length,
					    model.news.at(-1)?.n]);
		if (now === shown)
			return;
		shown = now;
		setText($('fleet-said'), fleetSentence(fleet));
		$('fleet-rows').replaceChildren(...membersOf(model).map((m) =>
			memberRow(m, fleet.member)));
		newsShow(model);
	};
}

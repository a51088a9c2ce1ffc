/**
 * @file overview.js  The last hour at a glance, and the gateways
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { $, h, setProp, setText } from './dom.js';
import { ofView, onlyMember, scoped } from './fleet.js';
import { getJson } from './http.js';
import { membersOf } from './members.js';
import { finalPlot, finalText, minutesPlot, minutesText } from './plots.js';
import { clock, OUTCOMES, outcomeWord, percent, span } from './words.js';

/* Milliseconds between two updates, and the least after an event. */
const LOOK = 10000;
const SOON = 1000;


function tile(name, value, more)
{
	return h('div.tile', {}, h('dt', {}, name), h('dd', {},
		h('b', {}, value), h('span', {}, more)));
}


function machinesTile({ model })
{
	const all = membersOf(model);

	return model.scope === 'fleet' ? [tile('Machines', `${all.filter((m) =>
		m.reachable).length} of ${all.length}`, 'reachable')] : [];
}


function tiles(ctx, { outcomes, final_ms: final }, nodes, started)
{
	const ended = OUTCOMES.reduce((n, o) => n + (outcomes[o] || 0), 0);
	const good = (outcomes.transferred || 0) + (outcomes.presumed || 0);
	const up = nodes.filter((n) => n.connected).length;

	return [
		tile('Transfers', String(started), 'started in the last hour'),
		tile('Success', ended ? percent(good, ended) : '–',
		     `${good} of ${ended} that ended`),
		tile('Final NOTIFY', final.count ? span(final.p50) : '–',
		     final.count ? `median; 95 % within ${span(final.p95)}` :
			'none arrived'),
		...machinesTile(ctx),
		tile('Gateways', `${up} of ${nodes.length}`, 'connected'),
	];
}


function share(outcome, n, all)
{
	const bar = h('span.share-bar', { 'aria-hidden': 'true' },
		      h('span.fill'));

	bar.firstChild.style.width = `${all ? 100 * n / all : 0}%`;
	const el = h('tr', {}, h('th', { scope: 'row' },
		h('span.mark', { 'aria-hidden': 'true' }),
		outcomeWord({ outcome })), h('td', {}, bar),
	h('td.number', {}, String(n)),
	h('td.number', {}, all ? percent(n, all) : '–'));
	el.dataset.state = outcome;

	return el;
}


function shares(outcomes)
{
	const all = OUTCOMES.reduce((n, o) => n + (outcomes[o] || 0), 0);

	return OUTCOMES.map((o) => share(o, outcomes[o] || 0, all));
}


function health(node, now)
{
	const since = Date.parse(node.since);
	const ago = since ? ` for ${clock(now - since)}` : '';

	return node.connected ? `connected${ago}` :
		`${node.reason || 'not connected'}${ago && `,${ago}`}`;
}


function nodeRow(node, now)
{
	const el = h('tr', {}, h('th', { scope: 'row' }, h('span.node', {},
		node.node)), h('td.machine', {}, node.member || ''),
	h('td', {}, health(node, now)),
	h('td.number', {}, String(node.calls ?? 0)),
	h('td.number', {}, String(node.transfers ?? 0)),
	h('td', {}, [node.baresip && `baresip ${node.baresip}`,
		     node.libre && `libre ${node.libre}`,
		     node.version && `sip_refer ${node.version}`]
		.filter(Boolean).join(', ')));
	el.querySelector('.node').dataset.connected = node.connected;

	return el;
}


class Overview {
	constructor(ctx)
	{
		Object.assign(this, { ctx, stats: null, seen: '' });
		this.sizes = new ResizeObserver(() => this.plots());
		this.sizes.observe($('minutes'));
	}

	async look()
	{
		if (this.ctx.model.fleet)
			this.ctx.fetchFleet();
		const { body, error } = await getJson(scoped(this.ctx,
							     'stats'));

		this.stats = body || this.stats;
		setText($('overview-said'), error);
		this.show();
	}

	show()
	{
		const { stats, ctx } = this;
		if (!stats)
			return;

		/* referd forgets a node that has left, the page does not */
		const nodes = ofView(ctx, [...stats.nodes,
			...ctx.model.nodes.filter((n) => !n.connected &&
				stats.nodes.every((m) => m.node !== n.node ||
					m.member !== n.member))]);
		const started = stats.minutes.reduce((n, m) =>
			n + m.started, 0);

		setProp($('overview-body'), 'hidden', false);
		$('tiles').replaceChildren(...tiles(ctx, stats, nodes, started));
		$('shares').replaceChildren(...shares(stats.outcomes));
		$('node-rows').replaceChildren(...nodes.map((n) =>
			nodeRow(n, Date.parse(stats.now))));
		setProp($('nodes-none'), 'hidden', nodes.length > 0);
		setText($('minutes-text'), minutesText(stats.minutes));
		setText($('final-text'), finalText(stats.final_ms));
		this.plots();
	}

	plots()
	{
		const width = $('minutes').clientWidth;
		const narrow = $('final').clientWidth;
		if (!this.stats || !width)
			return;

		$('minutes').replaceChildren(minutesPlot(this.stats.minutes,
							 width));
		$('final').replaceChildren(...this.stats.final_ms.count ?
			[finalPlot(this.stats.final_ms, narrow)] : []);
	}

	/* Update after an event, or after some time. */
	update()
	{
		const { ctx } = this;
		const now = `${ctx.model.steps} ${ctx.model.scope} ${
			onlyMember(ctx)} ${JSON.stringify(ctx.model.nodes)}`;

		if (ctx.route.overview === undefined) {
			clearTimeout(this.timer);
			this.timer = 0;
			return;
		}
		if (this.timer && (this.soon || this.seen === now))
			return;

		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.again(),
					this.timer ? SOON : 0);
		this.soon = true;
		this.seen = now;
	}

	again()
	{
		this.soon = false;
		this.timer = setTimeout(() => this.again(), LOOK);
		this.look();
	}
}


/** Make the overview; returns its update */
export function overview(ctx)
{
	const view = new Overview(ctx);

	return () => view.update();
}

/**
 * @file history.js  All transfers that referd keeps: search, filters, pages
 *
 * The list may be long. The page keeps what it has fetched, and draws the view.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { $, h, keyed, setProp, setText } from './dom.js';
import { onlyMember, scoped } from './fleet.js';
import { getJson } from './http.js';
import { attemptText } from './legs.js';
import { transferOf } from './told.js';
import { dayTime, OUTCOMES, outcomeWord, party, partyUser, result, span }
	from './words.js';

/* Transfers in one answer, and rows that are drawn above and below the view. */
const PAGE = 200;
const BEYOND = 10;

/* Milliseconds: from the last key to the search; between two updates. */
const TYPING = 150;
const LOOK = 1000;

const FILTERS = ['q', 'outcome', 'code', 'target', 'node'];

const COLUMNS = { outcome: 'Outcome', began: 'Began', from: 'From', to: 'To',
		  target: 'Target', result: 'Result', took: 'Took',
		  machine: 'Machine', gateway: 'Gateway' };


function makeRow(t)
{
	return h('tr.transfer', { role: 'row' },
		 Object.keys(COLUMNS).map((name) => h(`td.${name}`, {
			role: 'cell' }, name === 'outcome' ? [
			h('span.mark', { 'aria-hidden': 'true' }),
			h('a', { href: `#/transfers/${t.transfer_id}`,
				 tabIndex: -1 })] : '')));
}


function rowTexts(t)
{
	return {
		began: t.requested ? dayTime(t.requested) : '',
		from: partyUser(t.from), to: partyUser(t.to),
		target: [party(t.refer_to), attemptText(t)].filter(Boolean)
			.join(' · '), result: result(t),
		took: t.ended ? span(t.ended - t.requested) : '',
		machine: t.member || '', gateway: t.node || '',
	};
}


function fillRow(el, t)
{
	const texts = rowTexts(t);

	el.dataset.state = t.outcome || 'running';
	setText(el.querySelector('a'), outcomeWord(t));
	for (const td of el.children) {
		const text = texts[td.className];
		if (text === undefined)
			continue;
		setText(td, text);
		setProp(td, 'title', td.textContent);
	}
}


class History {
	constructor(ctx)
	{
		Object.assign(this, { ctx, rows: [], done: false, at: 0,
				      asked: 0, scroll: 0,
				      query: null });
		this.form = $('history-filters');
		this.wrap = $('history-rows');
		this.body = h('tbody', { role: 'rowgroup' });
		this.table = h('table', { role: 'table',
			'aria-label': 'Transfers, the newest first' },
		h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' },
			Object.entries(COLUMNS).map(([name, text]) =>
				h(`th.${name}`, { role: 'columnheader',
						  scope: 'col' }, text)))),
		this.body);
		this.wrap.append(this.table);
		this.build();

		this.wrap.onscroll = () => this.scrolled();
		this.wrap.onkeydown = (event) => this.key(event);
		this.body.onclick = ({ target }) => {
			const row = target.closest('tr')?.ariaRowIndex || 2;
			this.at = row - 2;
			this.opened = true;
		};
		this.sizes = new ResizeObserver(() => this.draw());
		this.sizes.observe(this.wrap);
	}

	build()
	{
		const { elements } = this.form;
		const option = (value, text) => h('option', { value }, text);

		elements.outcome.append(option('', 'any outcome'),
			option('running', 'in progress'),
			...OUTCOMES.map((o) => option(o, o)));
		this.form.oninput = () => {
			clearTimeout(this.typing);
			this.typing = setTimeout(() => this.typed(), TYPING);
		};
		this.form.onreset = () => setTimeout(() => this.typed());
		this.form.onsubmit = (event) => {
			event.preventDefault();
			this.body.querySelector('a')?.focus();
		};
	}

	/* The filters are in the address, for Back and for links. */
	typed()
	{
		const query = new URLSearchParams();

		for (const name of FILTERS) {
			const value = this.form.elements[name].value.trim();
			if (value)
				query.set(name, value);
		}
		this.only = onlyMember(this.ctx);
		if (this.only)
			query.set('member', this.only);
		this.ctx.query = query.toString();
		this.ctx.lastList = `#/history${this.ctx.query && `?${
			this.ctx.query}`}`;
		history.replaceState(null, '', this.ctx.lastList);
		this.search();
	}

	/* A link, or Back, has changed the address. */
	routed()
	{
		const query = new URLSearchParams(this.ctx.query);

		if (this.query === this.ctx.query)
			return;
		for (const name of FILTERS) {
			const el = this.form.elements[name];
			if (name === 'node' && query.get(name))
				this.nodeOption(query.get(name));
			el.value = query.get(name) || '';
		}
		this.only = query.get('member') || '';
		if (this.only && this.only !== this.ctx.view.member)
			this.ctx.choose({ scope: 'fleet', member: this.only });
		this.search();
	}

	/* The machine is in the address, too. */
	viewed()
	{
		const { scope } = this.ctx.model;

		if (this.only !== onlyMember(this.ctx))
			this.typed();
		else if (this.scope !== scope)
			this.search();
		this.scope = scope;
	}

	search()
	{
		this.query = this.ctx.query;
		this.at = 0;
		this.look();
	}

	/* Only the answer to the latest question counts. */
	async fetch(before)
	{
		const { query } = this;
		const asked = before ? this.asked : ++this.asked;
		const params = new URLSearchParams(query);

		params.set('limit', PAGE);
		if (before)
			params.set('before', before);

		const { body, error } = await getJson(scoped(this.ctx,
			'transfers', params));
		if (asked !== this.asked)
			return null;

		const list = body && body.map(transferOf);
		this.said = error;
		this.ctx.changed();

		return list;
	}

	async more()
	{
		if (this.done || this.loading || !this.rows.length)
			return;

		this.loading = true;
		const list = await this.fetch(this.rows.at(-1).transfer_id);
		this.loading = false;
		if (!list)
			return;
		this.rows.push(...list);
		this.done = list.length < PAGE;
		this.draw();
		if (this.onward)
			this.focus(this.rows.length - 1);
		this.onward = false;
	}

	/* New rows come in above. The rows in view stay in place. */
	async look()
	{
		const query = `${this.ctx.model.scope} ${this.query}`;
		const list = await this.fetch('');
		if (!list)
			return;

		const known = query === this.known;
		const last = list.at(-1)?.transfer_id;
		const met = known && list.length === PAGE ?
			this.rows.findIndex((t) => t.transfer_id === last) : -1;
		const before = this.rows.length;

		this.known = query;
		this.done = met < 0 ? list.length < PAGE : this.done;
		this.rows = met < 0 ? list :
			[...list, ...this.rows.slice(met + 1)];

		const added = this.rows.length - before;
		if (!known)
			this.wrap.scrollTop = 0;
		else if (this.wrap.scrollTop > 0 && added > 0) {
			this.at += added;
			this.draw();
			this.wrap.scrollTop += added * this.height;
		}
		this.draw();
	}

	scrolled()
	{
		this.scroll = this.wrap.scrollTop || this.scroll;
		this.draw();
	}

	/* The number of a row is its place, so that the rows in view can be
	   drawn alone. */
	draw()
	{
		const { wrap, body, rows } = this;
		if (!wrap.clientHeight)
			return;

		this.height = parseFloat(getComputedStyle(wrap)
			.getPropertyValue('--row'));
		const first = Math.floor(wrap.scrollTop / this.height) -
			BEYOND;
		const last = first + Math.ceil(wrap.clientHeight /
			this.height) + 2 * BEYOND;
		const held = body.contains(document.activeElement) ?
			this.at : -1;
		const shown = rows.map((t, i) => i).filter((i) =>
			(i >= first && i <= last) || i === held);

		this.at = Math.min(this.at, Math.max(0, rows.length - 1));
		body.style.height = `${rows.length * this.height}px`;
		this.table.setAttribute('aria-rowcount', this.done ?
			rows.length + 1 : -1);
		keyed(body, shown, (i) => rows[i].transfer_id,
		      (i) => makeRow(rows[i]), (el, i) => this.place(el, i));
		if (last >= rows.length - PAGE / 2)
			this.more();
	}

	place(el, i)
	{
		const row = this.rows[i];
		const live = this.ctx.model.transfers.get(row.transfer_id);

		fillRow(el, row.outcome || !live ? row :
			{ ...row, ...live });
		el.style.top = `${i * this.height}px`;
		el.setAttribute('aria-rowindex', i + 2);
		el.firstChild.lastChild.tabIndex = i === this.at ? 0 : -1;
	}

	key(event)
	{
		const page = Math.max(1, Math.floor(this.wrap.clientHeight /
			this.height) - 2);
		const to = { ArrowDown: this.at + 1, j: this.at + 1,
			     ArrowUp: this.at - 1, k: this.at - 1,
			     PageDown: this.at + page, PageUp: this.at - page,
			     Home: 0, End: this.rows.length - 1 }[event.key];

		if (to === undefined || event.ctrlKey || event.metaKey ||
		    !this.body.contains(event.target))
			return;
		event.preventDefault();
		/* At the last row that is loaded, End loads the next ones. */
		this.onward = event.key === 'End' && to === this.at &&
			!this.done;
		this.focus(Math.max(0, Math.min(to, this.rows.length - 1)));
	}

	focus(i)
	{
		const { wrap, height } = this;
		const room = wrap.clientHeight - 2 * height;

		this.at = i;
		if (i * height < wrap.scrollTop)
			wrap.scrollTop = i * height;
		else if (i * height > wrap.scrollTop + room)
			wrap.scrollTop = i * height - room;
		this.draw();
		this.body.querySelector(`[aria-rowindex="${i + 2}"] a`)
			?.focus({ preventScroll: true });
	}

	nodeOption(node)
	{
		const { node: select } = this.form.elements;

		if (![...select.options].some((o) => o.value === node))
			select.append(h('option', { value: node }, node));
	}

	update()
	{
		if (this.ctx.route.history === undefined) {
			this.away = true;
			return;
		}

		/* Before hello the machines are not known. */
		if (this.ctx.link.state === 'connecting' &&
		    !this.ctx.model.version)
			return;

		this.routed();
		this.viewed();
		if (this.away) {
			this.wrap.scrollTop = this.scroll;
			if (this.opened)
				this.focus(this.at);
			this.opened = false;
		}
		this.away = false;
		for (const { node } of this.ctx.model.nodes)
			this.nodeOption(node);

		const seen = `${this.ctx.model.steps} ${this.ctx.link.state}`;
		if (this.seen !== seen && !this.looking) {
			this.seen = seen;
			this.looking = setTimeout(() => {
				this.looking = 0;
				this.look();
			}, LOOK);
		}
		this.tell();
		this.draw();
	}

	tell()
	{
		const n = this.rows.length;
		const shown = n.toLocaleString('en');

		setText($('history-count'), !n ? '' : this.done ? shown :
			`the latest ${shown}, more below`);
		setText($('history-said'), this.said || (n || !this.done ? '' :
			this.query ? 'No transfer matches the search.' :
			'No transfer yet. The list shows all transfers.'));
		setProp($('history-said'), 'hidden',
			!$('history-said').textContent);
		setProp(this.table, 'hidden', !n);
	}
}


/** Make the history; returns its update */
export function historyView(ctx)
{
	const view = new History(ctx);

	return () => view.update();
}

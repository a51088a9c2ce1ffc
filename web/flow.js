/**
 * @file flow.js  The ladder of a transfer in the page: selection, keys, the
 *                messages of a row
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { transferFields } from './export.js';
import { farEnd } from './model.js';
import { copyButton, facts, h, jsonNodes, setProp, setText } from './dom.js';
import { draw, layout, legend, measureIn, table } from './ladder.js';
import { maskedJson, masking, veil } from './mask.js';
import { legsOf } from './legs.js';
import { rowPlace, rowsOfLegs } from './rows.js';
import { partyUser, span, timeOfDay } from './words.js';


function headNames(model, legs)
{
	const t = legs.at(-1);
	const call = model.calls.get(t.call_sid);
	const targets = new Set(legs.map((leg) => leg.refer_to));

	return {
		app: '', referd: t.member ??
			(model.version ? `v${model.version}` : ''),
		baresip: t.node || call?.node || '',
		far: partyUser(farEnd(call) || t.far),
		target: targets.size > 1 ? `${targets.size} targets` :
			partyUser(t.refer_to),
	};
}


function ladderHead(pic, names)
{
	return pic.columns.map((c) => {
		const el = h(`div.party.${c.party}`, {},
			     h('b', {}, c.name),
			     h('span', { title: names[c.party] },
			       names[c.party]));
		el.style.left = `${c.x - c.width / 2}px`;
		el.style.width = `${c.width}px`;

		return el;
	});
}


/* A SIP message: its first line, its fields, its body. */
function sipDetail({ start, headers, body })
{
	return [h('b.start', {}, start), h('dl.facts', {}, facts(headers)),
		body?.length ? h('pre.json', {}, veil(body.join('\n'))) : ''];
}


function entryText({ msg })
{
	return JSON.stringify(masking() ? maskedJson(msg) : msg, null, 2);
}


/* The messages of a row, in full. */
function rowDetail(row, model)
{
	if (row.leg)
		return [h('header.msg-head', {}, h('b', {}, row.label)),
			h('dl.facts', {}, facts(transferFields(row.leg,
				model.calls.get(row.leg.call_sid))))];

	const sips = row.entries.map((e) => e.msg.data?.sip).filter(Boolean);
	const json = row.entries.map((e) => h('pre.json', { tabIndex: 0 },
					      jsonNodes(e.msg)));

	return [
		h('header.msg-head', {}, h('b', {}, row.label),
		  h('span.who', {}, `${rowPlace(row)}, ${
			timeOfDay(row.time, true)}`),
		  copyButton(() => row.entries.map(entryText).join('\n'))),
		...sips.map((sip) => h('div.sip', {}, sipDetail(sip))),
		sips.length ? h('details.more', {},
				h('summary', {}, 'As JSON'), json) : json,
	].flat();
}


/**
 * The ladder with its selection
 *
 * One row is open. A second row, chosen with shift or after `m`, shows the time
 * between the two.
 */
export class LadderView {
	constructor(ctx, t, facts)
	{
		Object.assign(this, { ctx, t, open: -1, from: -1, measure: -1,
				     shown: '' });
		this.head = h('div.parties');
		this.body = h('div.ladder-body');
		this.between = h('p.between', { role: 'status',
						hidden: true });
		this.message = h('section.message', {
			'aria-label': 'Message', hidden: true });
		this.none = h('p.empty', {}, 'The page has no messages of ' +
			      'this transfer: they are too old.');
		this.legend = h('p.legend', {}, legend());
		this.frame = h('div.ladder-frame', {}, this.head, this.body,
			       this.none, this.legend);
		this.element = h('div.ladder-wrap', {}, this.frame,
				 h('div.side', {}, this.between,
				   this.message, facts));

		this.body.addEventListener('click', (e) => this.click(e));
		this.body.addEventListener('keydown', (e) => this.key(e));
		this.sizes = new ResizeObserver(() => this.update(true));
		this.sizes.observe(this.frame);
	}

	click(event)
	{
		const row = event.target.closest('.row');

		if (row)
			this.choose(Number(row.dataset.row), event.shiftKey);
	}

	choose(i, measuring)
	{
		if (this.from >= 0 || (measuring && this.open >= 0)) {
			this.measure = this.from >= 0 ? this.from : this.open;
			this.from = -1;
		}
		else {
			this.measure = -1;
		}

		this.open = this.open === i && this.measure < 0 ? -1 : i;
		this.mark(i);
		this.showMessage();
		if (innerWidth < 600)
			this.message.scrollIntoView({ block: 'nearest' });
	}

	key(event)
	{
		const row = event.target.closest('.row');
		if (!row)
			return;

		const i = Number(row.dataset.row);
		const to = { ArrowDown: i + 1, j: i + 1, ArrowUp: i - 1,
			    k: i - 1, Home: 0, End: this.rows.length - 1 }[
			event.key];

		if (to !== undefined)
			this.focusRow(Math.max(0, Math.min(
				to, this.rows.length - 1)));
		else if (event.key === 'Enter' || event.key === ' ')
			this.choose(i, event.shiftKey);
		else if (event.key === 'm')
			this.measureFrom(i);
		else
			return;

		event.preventDefault();
	}

	measureFrom(i)
	{
		this.from = i;
		this.measure = -1;
		this.mark(i);
		this.showMessage();
	}

	focusRow(i)
	{
		this.mark(i);
		this.rowElement(i)?.focus();
	}

	rowElement(i)
	{
		return this.body.querySelector(`[data-row="${i}"]`);
	}

	/* Exactly one row is in the tab order. */
	mark(tab)
	{
		this.tab = tab;
		for (const el of this.body.querySelectorAll('.row')) {
			const i = Number(el.dataset.row);
			el.classList.toggle('chosen', i === this.open);
			el.classList.toggle('from', i === this.from ||
					    i === this.measure);
			el.setAttribute('aria-selected', i === this.open);
			el.setAttribute('tabindex', i === tab ? '0' : '-1');
		}
		this.body.querySelectorAll('.drawn').forEach((el, i) =>
			el.classList.toggle('chosen', i === this.open));
	}

	showMessage()
	{
		const row = this.rows[this.open];

		this.message.hidden = !row;
		if (row)
			this.message.replaceChildren(
				...rowDetail(row, this.ctx.model),
				this.measureButton());
		this.showBetween();
	}

	measureButton()
	{
		const onclick = () => this.measureFrom(this.open);

		return h('button.small', { type: 'button', onclick },
			 'Measure from here');
	}

	showBetween()
	{
		const a = this.rows[this.measure];
		const b = this.rows[this.open];

		this.between.hidden = !(a && b) && this.from < 0;
		setText(this.between, a && b ?
			`${span(Math.abs(b.time - a.time))} between ` +
			`“${a.label}” and “${b.label}”` :
			'Choose the other row.');
	}

	update(force = false)
	{
		const width = Math.floor(this.frame.clientWidth);
		const legs = legsOf(this.ctx.model, this.t);
		const now = `${width} ${legs.map((t) => [t.entries.length,
			t.node, t.outcome, t.attempts])}`;
		if (!width || (now === this.shown && !force))
			return;

		const focused = this.wanted ||
			this.body.contains(document.activeElement);
		this.shown = now;
		this.rows = rowsOfLegs(legs);
		const names = headNames(this.ctx.model, legs);
		const pic = layout(this.rows, width, { names,
			measure: measureIn(this.body) });

		setProp(this.none, 'hidden', this.rows.length > 0);
		setProp(this.legend, 'hidden', !this.rows.length);
		this.head.replaceChildren(...ladderHead(pic, names));
		this.body.replaceChildren(table(pic), draw(pic));
		this.mark(this.tab ?? 0);
		if (focused)
			this.rowElement(this.tab)?.focus();
		this.wanted = this.wanted && !this.rows.length;
	}
}

/**
 * @file transfers.js  The list of transfers, and the page of one transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import {allTransfers, callEnded, farEnd, serverNow} from './model.js';
import {$, copyButton, h, jsonNodes, keyed, roving, setProp, setText}
	from './dom.js';
import {draw, layout} from './ladder.js';
import {PARTY_NAMES, rowsOf} from './rows.js';
import {OUTCOMES, outcomeWord, party, partyUser, sentence, span, standing,
	timeOfDay} from './words.js';

/* More rows than a person reads; the filter finds the others. */
const SHOWN_MAX = 300;


/** An element for a transfer in a list */
export function makeTransfer(t)
{
	return h('li.transfer', {},
		 h('a.item', {href: `#/transfers/${t.transfer_id}`},
		   h('span.mark', {'aria-hidden': 'true'}),
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
	setText(get('.step'), t.outcome === 'presumed' ? 'presumed' :
		t.outcome === 'unknown' ? 'unknown' :
		t.outcome === 'cancelled' ? 'cancelled' : standing(t));
	setText(get('time'), t.requested ? timeOfDay(t.requested) : '');
	get('.mark').title = outcomeWord(t);
	el.dataset.state = state;
	el.classList.toggle('chosen', ctx.shownTransfer === t.transfer_id);
}


function searchText(t)
{
	return [t.refer_to, t.referred_by, t.transfer_id, t.verb_id,
		t.call_sid, t.far, t.node, t.refer_status, t.call_status,
		t.reason, t.outcome, t.evidence].join(' ').toLowerCase();
}


function matches(t, words, outcome)
{
	if (outcome === 'running' && t.outcome)
		return false;
	if (outcome && outcome !== 'running' && t.outcome !== outcome)
		return false;

	const text = words.length ? searchText(t) : '';

	return words.every((word) => text.includes(word));
}


/** The list of transfers; returns the function that brings it up to date */
export function transferList(ctx)
{
	const list = $('transfers');
	const filter = $('transfers-filter');
	const outcome = $('transfers-outcome');
	const empty = $('transfers-empty');

	outcome.append(h('option', {value: ''}, 'all'),
		       h('option', {value: 'running'}, 'in progress'),
		       ...OUTCOMES.map((o) => h('option', {value: o}, o)));
	filter.oninput = outcome.onchange = () => ctx.changed();
	roving(list, '.item');

	return () => {
		const all = allTransfers(ctx.model);
		const words = filter.value.toLowerCase().split(/\s+/)
			.filter(Boolean);
		const found = all.filter((t) => matches(t, words,
							outcome.value));

		keyed(list, found.slice(0, SHOWN_MAX), (t) => t.transfer_id,
		      makeTransfer, (el, t) => fillTransfer(ctx, el, t));
		setProp(empty, 'hidden', found.length > 0);
		setText(empty, all.length ? 'No transfer matches.' :
			'No transfer yet. Each one stands here with its ' +
			'steps, whoever asked for it.');
		setText($('transfers-count'), found.length === all.length ?
			`${all.length || ''}` :
			`${found.length} of ${all.length}`);
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
		'The call is still up.';
}


function transferFacts(model, t)
{
	const call = model.calls.get(t.call_sid);
	const fact = (name, value, mono) => value ? [h('dt', {}, name),
		h(mono ? 'dd.mono' : 'dd', {}, value)] : [];

	return [
		fact('Refer-To', t.refer_to, true),
		fact('Referred-By', t.referred_by, true),
		fact('Far end', farEnd(call) || t.far),
		fact('Gateway', t.node || call?.node),
		fact('Verb id', t.verb_id, true),
		fact('Took', t.ended ? span(t.ended - t.requested) : ''),
		fact('Evidence', t.evidence),
		fact('transfer_id', t.transfer_id, true),
	].flat();
}


function headNames(model, t)
{
	const call = model.calls.get(t.call_sid);

	return {
		app: '', referd: model.version ? `v${model.version}` : '',
		baresip: t.node || call?.node || '',
		far: partyUser(farEnd(call) || t.far),
		target: partyUser(t.refer_to),
	};
}


function ladderHead(pic, names)
{
	return pic.columns.map((c) => {
		const el = h(`div.party.${c.party}`, {},
			     h('b', {}, c.name),
			     h('span', {title: names[c.party]},
			       names[c.party]));
		el.style.left = `${c.x - c.width / 2}px`;
		el.style.width = `${c.width}px`;

		return el;
	});
}


/* The whole of what a row shows, message by message. */
function rowDetail(row)
{
	const who = row.at ? `at ${PARTY_NAMES[row.at]}` :
		`${PARTY_NAMES[row.from]} → ${PARTY_NAMES[row.to]}`;

	return [
		h('header.msg-head', {}, h('b', {}, row.label),
		  h('span.who', {}, `${who}, ${timeOfDay(row.time, true)}`),
		  copyButton(() => row.entries.map((e) => JSON.stringify(
			e.msg, null, 2)).join('\n'))),
		...row.entries.map((e) => h('pre.json', {tabIndex: 0},
					    jsonNodes(e.msg))),
	];
}


/*
 * The ladder with its selection. One row is open; a second, chosen with
 * shift or after `m`, gives the time between the two.
 */
class LadderView {
	constructor(ctx, t, facts)
	{
		Object.assign(this, {ctx, t, open: -1, from: -1, measure: -1,
				     shown: ''});
		this.head = h('div.parties');
		this.body = h('div.ladder-body');
		this.between = h('p.between', {role: 'status', hidden: true});
		this.message = h('section.message', {
			'aria-label': 'Message', hidden: true});
		this.none = h('p.empty', {}, 'The messages of this transfer ' +
			      'are older than what this page holds.');
		this.frame = h('div.ladder-frame', {}, this.head, this.body,
			       this.none);
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
	}

	key(event)
	{
		const row = event.target.closest('.row');
		if (!row)
			return;

		const i = Number(row.dataset.row);
		const to = {ArrowDown: i + 1, j: i + 1, ArrowUp: i - 1,
			    k: i - 1, Home: 0, End: this.rows.length - 1}[
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

	/* Exactly one row is in the order of tabs. */
	mark(tab)
	{
		this.tab = tab;
		for (const el of this.body.querySelectorAll('.row')) {
			const i = Number(el.dataset.row);
			el.classList.toggle('open', i === this.open);
			el.classList.toggle('from', i === this.from ||
					    i === this.measure);
			el.setAttribute('aria-selected', i === this.open);
			el.setAttribute('tabindex', i === tab ? '0' : '-1');
		}
	}

	showMessage()
	{
		const row = this.rows[this.open];

		this.message.hidden = !row;
		if (row)
			this.message.replaceChildren(...rowDetail(row),
				h('button.small', {type: 'button', onclick: () =>
					this.measureFrom(this.open)},
				  'Measure from here'));
		this.showBetween();
	}

	showBetween()
	{
		const a = this.rows[this.measure];
		const b = this.rows[this.open];

		this.between.hidden = !(a && b) && this.from < 0;
		setText(this.between, a && b ?
			`${span(Math.abs(b.time - a.time))} between ` +
			`“${a.label}” and “${b.label}”` :
			'Now choose the other row.');
	}

	update(force = false)
	{
		const width = Math.floor(this.frame.clientWidth);
		const {t} = this;
		const now = `${t.entries.length} ${width} ${t.node}`;
		if (!width || (now === this.shown && !force))
			return;

		const focused = this.body.contains(document.activeElement);
		this.shown = now;
		this.rows = rowsOf(t);
		const pic = layout(this.rows, width);

		setProp(this.none, 'hidden', this.rows.length > 0);
		this.head.replaceChildren(...ladderHead(
			pic, headNames(this.ctx.model, t)));
		this.body.replaceChildren(draw(pic));
		this.mark(this.tab ?? 0);
		if (focused)
			this.rowElement(this.tab)?.focus();
	}
}


/**
 * The page of one transfer
 *
 * @return {element, update}
 */
export function transferPage(ctx, id)
{
	const {model} = ctx;
	const t = model.transfers.get(id);
	const word = h('p.verdict');
	const after = h('span.after');
	const facts = h('dl.facts');
	const ladder = new LadderView(ctx, t, facts);
	let shown = '';

	function update()
	{
		const text = sentence(t, serverNow(model));
		const cut = text.indexOf(': ');
		const now = `${text}${aftermath(model, t)}`;

		word.dataset.state = t.outcome || 'running';
		if (now !== shown) {
			word.replaceChildren(h('b', {}, text.slice(0, cut + 1)),
					     `${text.slice(cut + 1)} `, after);
			setText(after, aftermath(model, t));
			facts.replaceChildren(...transferFacts(model, t));
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
			href: `#/calls/${t.call_sid}`}, 'Call') : '',
		  copyButton(() => JSON.stringify({...t, entries:
			t.entries.map((e) => e.msg)}, null, 2), 'Copy JSON')),
		word, ladder.element);

	return {element, update, focus: () => ladder.focusRow(0)};
}

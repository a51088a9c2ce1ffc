/**
 * @file ladder.js  The ladder: its layout, its picture, its table
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { h } from './dom.js';
import { veil } from './mask.js';
import { PARTIES, PARTY_NAMES } from './rows.js';
import { span, timeOfDay } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

/* Pixels. On a narrow screen the times shrink to the seconds' part, and the
   gap goes below the time. */
const ROW = 34;
const ROW_NARROW = 40;
const TIMES_WIDE = 158;
const TIMES_NARROW = 60;
const NARROW = 520;
const HEAD = 5;
const PAD = 4;

/* Below this step there is no room for two labels side by side. */
const STEP_TWO = 128;

/* Mean width of a character, for cutting long labels. */
const CHAR = 7.2;
const CHAR_NARROW = 6.2;


function cut(text, max)
{
	const s = veil(String(text));

	return s.length > max ? `${s.slice(0, Math.max(1, max - 1))}…` : s;
}


/*
 * A label stands in the middle of its arrow. Where the arrow is shorter than
 * the label, the label may reach over its ends, but not out of the picture.
 */
function labelPlace(text, mid, left, right, char)
{
	const max = Math.floor((right - left) / char);
	const shown = cut(text, max);
	const half = shown.length * char / 2;
	const x = Math.min(Math.max(mid, left + half), right - half);

	return { text: shown, x: Math.max(x, left) };
}


function segment(part, xs)
{
	const x1 = xs[part.from];
	const x2 = xs[part.to];
	const dir = Math.sign(x2 - x1);

	return { x1: x1 + dir * 2, x2: x2 - dir * 2, dir };
}


/**
 * Compute where everything goes
 *
 * @param rows   Rows of rowsOf()
 * @param width  Pixels there are
 *
 * @return {width, height, narrow, columns: [{party, name, x}],
 *         rows: [{y, time, gap, label, seg | x, reported}]}
 */
export function layout(rows, width)
{
	const narrow = width < NARROW;
	const times = narrow ? TIMES_NARROW : TIMES_WIDE;
	const char = narrow ? CHAR_NARROW : CHAR;
	const step = (width - times - PAD) / PARTIES.length;
	const columns = PARTIES.map((p, i) => ({
		party: p, name: step < 96 && p === 'app' ? 'app' : PARTY_NAMES[p],
		x: Math.round(times + step * (i + 0.5)), width: step - PAD,
	}));
	const xs = Object.fromEntries(columns.map((c) => [c.party, c.x]));
	const height = narrow ? ROW_NARROW : ROW;
	let y = PAD;

	const placed = rows.map((row) => {
		const place = { row, y, h: height, line: y + height - 9 };
		y += height;

		place.time = narrow ? timeOfDay(row.time, true).slice(6) :
			timeOfDay(row.time, true);
		place.gap = row.gap ? `+${span(row.gap)}` : '';

		if (row.leg) {
			place.label = { x: times, text: cut(row.label,
				Math.floor((width - PAD - times) / char)) };
			return place;
		}
		if (row.at) {
			place.x = xs[row.at];
			place.label = labelPlace(row.label, place.x, times,
						 width - PAD, char);
			return place;
		}

		/* Beside a reported leg there is no room to reach over. */
		place.seg = segment(row, xs);
		const mid = (place.seg.x1 + place.seg.x2) / 2;
		const two = row.reported && step >= STEP_TWO;
		const right = two ? xs.far + step * 0.1 : width - PAD;
		place.label = labelPlace(row.label, mid, times, right, char);

		if (row.reported) {
			const r = segment(row.reported, xs);
			place.reported = { ...r, label: !two ? null :
				labelPlace(row.reported.label,
					   (r.x1 + r.x2) / 2, xs.far,
					   width - PAD, char) };
		}

		return place;
	});

	return { width, height: y + PAD, narrow, times, columns,
		 rows: placed };
}


/** Make an element of SVG */
export function svg(tag, attrs, ...kids)
{
	const el = document.createElementNS(SVG, tag);

	for (const [name, value] of Object.entries(attrs))
		el.setAttribute(name, value);
	el.append(...kids);

	return el;
}


/*
 * Requests end in a full head, answers in an open one, failures in a cross,
 * so that colour is never alone in telling them apart.
 */
function headPath(kind, x, y, dir)
{
	const back = x - dir * HEAD * 1.8;

	switch (kind) {

	case 'failure':
		return `M${x - dir * 11},${y - 5}l10,10m0,-10l-10,10`;
	case 'request':
	case 'success':
		return `M${x},${y}L${back},${y - HEAD}V${y + HEAD}Z`;
	default:
		return `M${back},${y - HEAD}L${x},${y}L${back},${y + HEAD}`;
	}
}


function drawArrow(seg, y, kind, extra = '')
{
	const short = kind === 'failure' ? 6 : 2;

	return svg('g', { class: `arrow ${kind} ${extra}` },
		   svg('path', { class: 'line',
				d: `M${seg.x1},${y}H${seg.x2 -
					seg.dir * short}` }),
		   svg('path', { class: 'head',
				d: headPath(kind, seg.x2, y, seg.dir) }));
}


function drawLabel(place, y, cls)
{
	return svg('text', { x: place.x, y, class: cls,
			    'text-anchor': 'middle' }, place.text);
}


/* Above each leg of several. */
function drawHeading({ y, h: height, label, row }, width)
{
	return [svg('rect', { class: 'heading', 'data-state': row.leg.outcome ||
		'running', x: 0, y: y + 3, width, height: height - 6, rx: 4 }),
	svg('text', { x: label.x, y: y + height / 2 + 4.5, class: 'legtext' },
	    label.text)];
}


/* A timer, or what did not come, stands on the party's own line. */
function drawNote(place, kind)
{
	const w = Math.max(40, place.label.text.length * 7.4 + 16);
	const y = place.line - 18;

	return [
		svg('rect', { class: `notebox ${kind}`, x: place.label.x -
			w / 2, y, width: w, height: 24, rx: 4 }),
		drawLabel(place.label, y + 16.5, `label ${kind}`),
	];
}


function drawRow(place, width)
{
	const { row } = place;
	const g = svg('g', { class: 'drawn' });

	if (row.leg) {
		g.append(...drawHeading(place, width));
		return g;
	}
	if (row.at) {
		g.append(...drawNote(place, row.kind));
		return g;
	}

	g.append(drawArrow(place.seg, place.line, row.kind),
		 drawLabel(place.label, place.line - 7, `label ${row.kind}`));

	if (place.reported) {
		const kind = row.reported.kind || 'answer';
		g.append(drawArrow(place.reported, place.line, kind,
				   'reported'));
		if (place.reported.label)
			g.append(drawLabel(place.reported.label,
					   place.line - 7,
					   'label reported'));
	}

	return g;
}


/** What the lines mean, one element for each kind */
export function legend()
{
	const kinds = [['request', 'request'], ['answer', 'answer'],
		       ['failure', 'failure'],
		       ['answer', 'as the far end reports it', 'reported']];

	return kinds.map(([kind, text, extra]) => {
		const el = document.createElement('span');
		el.append(svg('svg', { width: 40, height: 14,
				      'aria-hidden': 'true' },
			      drawArrow({ x1: 1, x2: 39, dir: 1 }, 7, kind,
					extra)), text);

		return el;
	});
}


/** Make the picture of a layout; who only hears has the table */
export function draw(pic)
{
	const el = svg('svg', { class: 'picture', width: pic.width,
			       height: pic.height, 'aria-hidden': 'true',
			       viewBox: `0 0 ${pic.width} ${pic.height}` });

	for (const c of pic.columns) {
		el.append(svg('path', { class: `life ${c.party}`,
				       d: `M${c.x},0V${pic.height}` }));
	}
	el.append(...pic.rows.map((place) => drawRow(place, pic.width)));

	return el;
}


function cell(text, cls = 'sr')
{
	return h(`td.${cls}`, { role: 'gridcell' }, text);
}


function tableRow({ row, time, gap, h: height }, i)
{
	const from = row.at || row.from;
	const tr = h('tr.row', { role: 'row', tabIndex: -1,
				title: row.label }, cell(time, 'time'),
		     cell(gap, 'gap'), cell(PARTY_NAMES[from] || ''),
		     cell(PARTY_NAMES[row.to] || ''),
		     cell(row.kind === 'failure' ? `${row.label} (failure)` :
			row.label));

	tr.dataset.row = i;
	tr.style.height = `${height}px`;

	return tr;
}


/** Make the table of a layout: its rows lie under the picture, and are what
    one chooses, walks through by keyboard, and hears */
export function table(pic)
{
	const names = ['Time', 'After', 'From', 'To', 'Message'];

	/* The roles stand, whatever the style makes of the elements. */
	return h('table.ladder', { role: 'grid',
				   'aria-label': 'Messages of the transfer' },
		 h('thead.sr', { role: 'rowgroup' }, h('tr', { role: 'row' },
			names.map((name) => h('th', {
				role: 'columnheader', scope: 'col' }, name)))),
		 h('tbody', { role: 'rowgroup' }, pic.rows.map(tableRow)));
}

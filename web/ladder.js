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
const LINE = 15;
const TIMES_WIDE = 164;
const TIMES_NARROW = 54;
const NARROW = 520;
const WIDE = 700;
const HEAD = 5;
const PAD = 4;

/* Between a label and a lifeline, and within the box of a note. */
const ROOM = 7;
const ROOM_NARROW = 3;
const BOX = 8;

/* How the gaps share a width that is too small: the one between baresip and the
   far end gets twice as much as the others. */
const SHARES = [1, 1, 2, 1];

/* Characters of a text that are measured: no line has room for more. */
const TEXT_MAX = 300;


function cut(text, max, measure)
{
	const s = [...text].slice(0, TEXT_MAX);

	if (measure(text) <= max)
		return text;
	while (s.length > 1 && measure(`${s.join('')}…`) > max)
		s.pop();

	return `${s.join('')}…`;
}


/* A text in one line or two: it breaks at a blank, or before the host. */
function fit(text, max, measure)
{
	const words = text.split(/(?<= )|(?=@)/);
	let first = '';

	if (measure(text) <= max)
		return [text];
	while (measure(first + words[0]) <= max)
		first += words.shift();

	return first ? [first, cut(words.join(''), max, measure)] :
		[cut(text, max, measure)];
}


function textOf(row)
{
	return veil(String(row.label ?? ''));
}


/* What measures the label of a row: it may be bold. */
function measureOf({ kind, leg }, { measure })
{
	return (text) => measure(text, Boolean(leg) || kind === 'success' ||
		kind === 'failure');
}


/* The gaps between lifelines, counted from the left, in which the label of a
   row may stand. */
function gapsOf({ at, from, to })
{
	const [a, b] = (at ? [at, at] : [from, to])
		.map((p) => PARTIES.indexOf(p)).sort();

	return PARTIES.slice(1).map((p, i) => i).filter((i) => at ?
		i === a - 1 || i === a : i >= a && i < b);
}


/* The widest of some gaps. */
function widest(gaps, sizes)
{
	return gaps.reduce((a, b) => sizes[b] > sizes[a] ? b : a);
}


/*
 * The widths of the gaps: as even as the labels allow if there is room for all
 * labels; otherwise the widest gaps are cut first.
 */
function sized(least, wanted, room)
{
	const sum = (list) => list.reduce((a, b) => a + b);
	const over = sum(wanted) > room;
	const sizes = (level) => wanted.map((w, i) => over ?
		Math.max(least[i], Math.min(w, level * SHARES[i])) :
		Math.max(w, level));
	let level = Math.floor(room);

	while (level > 0 && sum(sizes(level)) > room)
		level--;

	return sizes(level);
}


/* The width that each gap needs for its labels. The label of a row that has
   several gaps stands in the widest. */
function wantedOf(rows, least, place)
{
	const wanted = [...least];
	const several = (row) => gapsOf(row).length > 1;

	for (const row of rows.filter((r) => !r.leg).sort((a, b) =>
		several(a) - several(b))) {
		const gap = widest(gapsOf(row), wanted);

		wanted[gap] = Math.max(wanted[gap],
			measureOf(row, place)(textOf(row)) +
			2 * (row.at ? ROOM + BOX : place.edge));
	}

	return wanted;
}


/*
 * The lifelines from left to right. Each gap is wide enough for the names of
 * its two parties; the second line of a name may be cut.
 */
function columnsOf(rows, place)
{
	const { width, narrow, times, measure, edge, names } = place;
	const heads = PARTIES.map((party) => ({ party, name: width < WIDE &&
		party === 'app' ? party : PARTY_NAMES[party] }));
	const name = heads.map((c) => measure(c.name, true) *
		(narrow ? 1 : 1.1));
	const head = heads.map((c, i) => Math.max(name[i], Math.min(100,
		measure(names[c.party] || ''))));
	const between = (w) => w.slice(1).map((x, i) => (w[i] + x) / 2 +
		edge + 4);
	const left = times + name[0] / 2 + PAD;
	const roomFor = (w) => width - left - w.at(-1) / 2 - PAD;
	const least = between(name);
	const wanted = wantedOf(rows, least, place);
	const reported = Math.max(0, ...rows.map((r) => r.reported ?
		measure(textOf(r.reported)) + 2 * edge : 0));
	const all = wanted.map((w, i) => Math.max(w, between(head)[i],
		i < SHARES.length - 1 ? 0 : reported));
	const fits = all.reduce((a, b) => a + b) <= roomFor(head);
	const sizes = sized(least, fits ? all : wanted,
			    roomFor(fits ? head : name));
	const share = (i, j, gap) => gap === undefined ? Infinity :
		gap * name[i] / (name[i] + name[j]);
	let x = left;

	return { sizes, columns: heads.map((c, i) => {
		const half = Math.min(share(i, i - 1, sizes[i - 1]),
			share(i, i + 1, sizes[i]));
		const at = Math.round(x);

		x += sizes[i];

		return { ...c, x: at, width: 2 * half - PAD };
	}) };
}


function segment(part, xs)
{
	const x1 = xs[part.from];
	const x2 = xs[part.to];
	const dir = Math.sign(x2 - x1);

	return { x1: x1 + dir * 2, x2: x2 - dir * 2, dir };
}


/* A label stands between two lifelines, the box of a note beside its party's
   own. */
function labelPlace(row, place)
{
	const { sizes, columns, edge } = place;
	const measure = measureOf(row, place);
	const gap = widest(gapsOf(row), sizes);
	const room = row.at ? ROOM : edge;
	const left = columns[gap].x + room;
	const right = columns[gap + 1].x - room;
	const pad = row.at ? BOX : 0;
	const lines = fit(textOf(row), right - left - 2 * pad, measure);
	const width = Math.max(...lines.map(measure)) + 2 * pad;
	const x = !row.at ? (left + right) / 2 :
		columns[gap].party === row.at ? left + width / 2 :
			right - width / 2;

	return { lines, x, width };
}


/* The NOTIFY tells the same as the report in it: without room for it the report
   has no label. */
function reportedPlace(row, xs, place)
{
	const { reported } = row;
	const label = labelPlace(reported, place);

	return { ...segment(reported, xs), label: label.lines[0] ===
		textOf(reported) ? label : null };
}


function placeRow(row, y, place)
{
	const { narrow, xs, times, width } = place;
	const time = timeOfDay(row.time, true);
	const label = !row.leg ? labelPlace(row, place) : { x: times, lines: [
		cut(textOf(row), width - PAD - times, measureOf(row, place))] };
	const h = (narrow ? ROW_NARROW : ROW) + LINE * (label.lines.length - 1);

	return { row, y, h, label, line: y + h - 9,
		 time: narrow ? time.slice(6) : time,
		 gap: row.gap ? `+${span(row.gap)}` : '', x: xs[row.at],
		 seg: row.from && segment(row, xs),
		 reported: row.reported && reportedPlace(row, xs, place) };
}


/* A lifeline is interrupted by the headings of the legs. */
function livesOf(placed, height)
{
	const ends = placed.filter(({ row }) => row.leg)
		.flatMap(({ y, h }) => [y, y + h]);
	const all = [0, ...ends, height];

	return all.flatMap((y, i) => i % 2 || all[i + 1] <= y ? [] :
		[[y, all[i + 1]]]);
}


/**
 * Compute where everything goes
 *
 * @param rows    Rows of rowsOf()
 * @param width   Pixels there are
 * @param measure Gives the width of a text, in pixels, and of a bold one
 * @param names   The line below the name of a party, by party
 *
 * @return {width, height, times, columns: [{party, name, x, width}],
 *         lives: [[from, to]], rows: [{y, h, line, time, gap, label: {lines,
 *         x, width}, seg | x, reported}]}
 */
export function layout(rows, width, { measure = (text) => text.length * 7,
				      names = {} } = {})
{
	const narrow = width < NARROW;
	const times = narrow ? TIMES_NARROW : TIMES_WIDE;
	const place = { narrow, times, width, measure, names,
			edge: narrow ? ROOM_NARROW : ROOM };
	const { columns } = Object.assign(place, columnsOf(rows, place));
	let y = PAD;

	place.xs = Object.fromEntries(columns.map((c) => [c.party, c.x]));

	const placed = rows.map((row) => {
		const made = placeRow(row, y, place);

		y += made.h;

		return made;
	});

	return { width, height: y + PAD, times, columns,
		 lives: livesOf(placed, y + PAD), rows: placed };
}


/** Make the function that measures labels in an element */
export function measureIn(el)
{
	const { fontSize, fontFamily } = getComputedStyle(el);
	const canvas = document.createElement('canvas').getContext('2d');

	return (text, bold) => {
		canvas.font = `${bold ? 600 : 500} ${fontSize} ${fontFamily}`;

		return canvas.measureText(text).width;
	};
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


/* A request ends in a full head, an answer in an open one, a failure in a
   cross: colour is never the only difference. */
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


function drawLabel({ lines, x }, y, cls)
{
	return lines.map((text, i) => svg('text', { x, class: cls, y: y - LINE *
		(lines.length - 1 - i), 'text-anchor': 'middle' }, text));
}


/* Above each leg of several. */
function drawHeading({ y, h: height, label, row }, width)
{
	return [svg('rect', { class: 'heading', 'data-state': row.leg.outcome ||
		'running', x: 0, y: y + 3, width, height: height - 6, rx: 4 }),
	svg('text', { x: label.x, y: y + height / 2 + 4.5, class: 'legtext' },
	    label.lines[0])];
}


/* A timer, or a missing message, stands beside the line of its party. */
function drawNote({ label, x, line }, kind)
{
	const height = 9 + LINE * label.lines.length;
	const cls = `notebox ${kind}`;

	return [svg('circle', { class: cls, cx: x, cy: line - 6, r: 4 }),
		svg('rect', { class: cls, x: label.x - label.width / 2, height,
			     y: line + 6 - height, width: label.width, rx: 4 }),
		...drawLabel(label, line - 1.5, `label ${kind}`)];
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
		 ...drawLabel(place.label, place.line - 7, `label ${row.kind}`));

	if (place.reported) {
		const kind = row.reported.kind || 'answer';
		g.append(drawArrow(place.reported, place.line, kind,
				   'reported'));
		if (place.reported.label)
			g.append(...drawLabel(place.reported.label,
					      place.line - 7,
					      'label reported'));
	}

	return g;
}


/** The meaning of the lines: one element for each kind */
export function legend()
{
	const kinds = [['request', 'request'], ['answer', 'answer'],
		       ['failure', 'failure'],
		       ['answer', 'reported by the far end', 'reported']];

	return kinds.map(([kind, text, extra]) => {
		const el = document.createElement('span');
		el.append(svg('svg', { width: 40, height: 14,
				      'aria-hidden': 'true' },
			      drawArrow({ x1: 1, x2: 39, dir: 1 }, 7, kind,
					extra)), text);

		return el;
	});
}


/** Make the picture of a layout. Screen readers read the table instead. */
export function draw(pic)
{
	const el = svg('svg', { class: 'picture', width: pic.width,
			       height: pic.height, 'aria-hidden': 'true',
			       viewBox: `0 0 ${pic.width} ${pic.height}` });

	for (const { party, x } of pic.columns)
		el.append(...pic.lives.map(([from, to]) => svg('path', {
			class: `life ${party}`, d: `M${x},${from}V${to}` })));
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


/** Make the table of a layout. Its rows lie under the picture: the mouse, the
    keyboard and screen readers use them. */
export function table(pic)
{
	const names = ['Time', 'After', 'From', 'To', 'Message'];

	/* The roles hold for any display style of the elements. */
	return h('table.ladder', { role: 'grid',
				   'aria-label': 'Messages of the transfer' },
		 h('thead.sr', { role: 'rowgroup' }, h('tr', { role: 'row' },
			names.map((name) => h('th', {
				role: 'columnheader', scope: 'col' }, name)))),
		 h('tbody', { role: 'rowgroup' }, pic.rows.map(tableRow)));
}

/**
 * @file plots.js  The small plots of the overview
 *
 * Each plot differs by form as well as by colour, and has a sentence that says
 * the same.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { svg } from './ladder.js';
import { span, timeOfDay } from './words.js';

/* Pixels. */
const HEIGHT = 132;
const LEFT = 30;
const TOP = 8;
const BOTTOM = 20;

/* From the bottom of a bar to its top. */
const LAYERS = [['good', ['transferred', 'presumed']], ['bad', ['failed']],
		['warn', ['unknown', 'cancelled']]];


function sum(outcomes, names)
{
	return names.reduce((n, name) => n + (outcomes[name] || 0), 0);
}


/* A round number not below n, for the top of the scale. */
function roundUp(n)
{
	const unit = 10 ** Math.floor(Math.log10(Math.max(n, 1)));

	return [1, unit > 1 ? 1.5 : 2, 2, 3, 4, 5, 10].map((f) => f * unit).find((x) => x >= n);
}


function picture(width, height, label, ...kids)
{
	return svg('svg', { class: 'plot', role: 'img', 'aria-label': label,
			   width, height,
			   viewBox: `0 0 ${width} ${height}` }, ...kids);
}


/* Failures are hatched, uncertain outcomes dotted. */
function patterns()
{
	const pattern = (id, cls, ...kids) => svg('pattern', {
		id, class: cls, width: 5, height: 5,
		patternUnits: 'userSpaceOnUse' }, svg('rect', {
		width: 5, height: 5 }), ...kids);

	return svg('defs', {}, pattern('hatch', 'bad', svg('path', {
		d: 'M-1,6L6,-1' })), pattern('dots', 'warn', svg('circle', {
		cx: 2.5, cy: 2.5, r: 1 })));
}


function ended({ outcomes })
{
	return LAYERS.reduce((n, [, names]) => n + sum(outcomes, names), 0);
}


function hour(minute)
{
	return timeOfDay(Date.parse(minute.time)).slice(0, 5);
}


function bar(minute, x, width, scale)
{
	const g = svg('g', {}, svg('title', {}, `${hour(minute)}: ${
		ended(minute)} ended, ${minute.outcomes.failed || 0} failed`),
	svg('rect', { class: 'hit', x, y: TOP, width,
		     height: HEIGHT - BOTTOM - TOP }));
	let y = HEIGHT - BOTTOM;

	for (const [cls, names] of LAYERS) {
		const height = sum(minute.outcomes, names) * scale;
		y -= height;
		if (height)
			g.append(svg('rect', { class: `bar ${cls}`, x: x + 1,
					      y, height,
					      width: Math.max(1, width - 2) }));
	}

	return g;
}


/** The bars of the minutes in a sentence */
export function minutesText(minutes)
{
	const all = minutes.reduce((n, m) => n + ended(m), 0);
	const most = minutes.reduce((a, b) => ended(b) > ended(a) ? b : a);

	return all ? `${all} transfers ended in the last hour, at most ${
		ended(most)} in a minute, at ${hour(most)}.` :
		'No transfer has ended in the last hour.';
}


/** Transfers per minute, as bars */
export function minutesPlot(minutes, width)
{
	const top = roundUp(Math.max(...minutes.map(ended)));
	const scale = (HEIGHT - BOTTOM - TOP) / top;
	const step = (width - LEFT) / minutes.length;
	const line = (n) => {
		const y = HEIGHT - BOTTOM - n * scale;

		return [svg('path', { class: 'scale',
				     d: `M${LEFT},${y}H${width}` }),
			svg('text', { x: LEFT - 6, y: y + 4,
				     'text-anchor': 'end' }, n)];
	};
	const time = (i, anchor) => svg('text', {
		x: LEFT + (i + (anchor === 'end' ? 1 : 0)) * step,
		y: HEIGHT - 4, 'text-anchor': anchor }, hour(minutes[i]));

	return picture(width, HEIGHT, minutesText(minutes), patterns(),
		...line(0), ...line(top), ...minutes.map((m, i) =>
			bar(m, LEFT + i * step, step, scale)),
		time(0, 'start'), time(Math.floor(minutes.length / 2),
				       'middle'),
		time(minutes.length - 1, 'end'));
}


/** The times to the final NOTIFY in a sentence */
export function finalText({ count, p50, p95 })
{
	return count ? `Half of ${count} final NOTIFYs arrived within ${
		span(p50)}, 95 % within ${span(p95)}.` :
		'No final NOTIFY arrived in the last hour.';
}


/** Time to the final NOTIFY: a line to p95, with a mark at p50 */
export function finalPlot(final, width)
{
	const top = roundUp(final.p95 || 1);
	const at = (ms) => 1 + (width - 2) * ms / top;
	const y = 16;

	return picture(width, 44, finalText(final),
		svg('path', { class: 'scale', d: `M1,${y}H${width - 1}M1,${
			y - 5}v10M${width - 1},${y - 5}v10` }),
		svg('path', { class: 'range', d: `M1,${y}H${at(final.p95)}` }),
		svg('circle', { class: 'p50', cx: at(final.p50), cy: y, r: 5 }),
		svg('path', { class: 'p95', d: `M${at(final.p95)},${y - 8}v16` }),
		svg('text', { x: 1, y: 40 }, '0'),
		svg('text', { x: width - 1, y: 40, 'text-anchor': 'end' },
		    span(top)));
}

/**
 * @file plot.js  Lines over time, as SVG
 *
 * Copyright (C) 2026 the sip_refer authors
 */

const WIDTH = 800;
const HEIGHT = 180; /* of one plot */
const LEFT = 60;
const TOP = 30;
const BOTTOM = 24;
const COLOURS = ['#2563eb', '#c2410c', '#15803d'];


/* 1, 2 or 5 times a power of ten, at or above a value */
function roundUp(value)
{
	const power = 10 ** Math.floor(Math.log10(value || 1));

	return [1, 2, 5, 10].map((f) => f * power).find((v) => v >= value);
}


function plot({ title, unit, lines }, minutes, y)
{
	const most = roundUp(Math.max(...lines.flatMap((l) => l.values)));
	const height = HEIGHT - TOP - BOTTOM;
	const x = (i) => LEFT + (WIDTH - LEFT - 10) * i /
		Math.max(minutes.length - 1, 1);
	const at = (value) => y + TOP + height * (1 - value / most);
	const names = lines.map(({ name }, i) => `<tspan fill="${COLOURS[i]}"` +
		` dx="12">${name}</tspan>`).join('');
	const grid = [0, 0.5, 1].map((share) =>
		`<path d="M${LEFT} ${at(most * share)}H${WIDTH - 10}" ` +
		'stroke="#ddd"/>' +
		`<text x="${LEFT - 6}" y="${at(most * share) + 4}" ` +
		`text-anchor="end">${most * share}</text>`).join('');
	const drawn = lines.map(({ values }, i) => '<polyline fill="none" ' +
		`stroke="${COLOURS[i]}" stroke-width="1.5" points="` +
		values.map((v, k) => `${x(k).toFixed(1)},${at(v).toFixed(1)}`)
			.join(' ') + '"/>').join('');
	const last = minutes.at(-1);

	return `<text x="${LEFT}" y="${y + 18}" font-weight="bold">${title}, ` +
		`${unit}${names}</text>${grid}${drawn}` +
		`<text x="${LEFT}" y="${y + HEIGHT - 6}">0</text>` +
		`<text x="${WIDTH - 10}" y="${y + HEIGHT - 6}" ` +
		`text-anchor="end">${last} min</text>`;
}


/**
 * Draws plots below each other
 *
 * @param plots   Each `title`, `unit`, and `lines`: `name`, `values`
 * @param minutes To which the values belong
 */
export function svg(plots, minutes)
{
	return '<svg xmlns="http://www.w3.org/2000/svg" ' +
		`viewBox="0 0 ${WIDTH} ${HEIGHT * plots.length}" ` +
		'font-family="sans-serif" font-size="12">\n' +
		'<rect width="100%" height="100%" fill="#fff"/>\n' +
		plots.map((p, i) => plot(p, minutes, i * HEIGHT)).join('\n') +
		'\n</svg>\n';
}

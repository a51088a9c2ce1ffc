/**
 * @file figures.js  Percentiles, and tables of them
 *
 * Copyright (C) 2026 the sip_refer authors
 */


/** The value below which a share of the values lies. */
export function percentile(values, share)
{
	const sorted = [...values].sort((a, b) => a - b);
	const index = Math.ceil(share * sorted.length) - 1;

	return sorted[Math.max(index, 0)];
}


function print(value)
{
	if (typeof value !== 'number')
		return String(value ?? '');
	if (Number.isInteger(value) || Math.abs(value) >= 100)
		return Math.round(value).toLocaleString('en-US');

	return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}


/** Rows of objects as a table of Markdown, a column for each key. */
export function table(rows)
{
	const keys = [...new Set(rows.flatMap(Object.keys))];
	const cells = [keys, keys.map(() => '---'),
		...rows.map((row) => keys.map((key) => print(row[key])))];
	const widths = keys.map((_, i) =>
		Math.max(...cells.map((line) => line[i].length)));

	return cells.map((line) => '| ' + line.map((cell, i) =>
		cell.padEnd(widths[i])).join(' | ') + ' |').join('\n');
}

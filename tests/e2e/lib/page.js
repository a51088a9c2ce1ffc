/**
 * @file page.js  Common steps and queries of the tests of the page
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Browser } from './browser.js';


/** A referd with a gateway, a client of it, and a browser on its page. */
export async function watch(s, { browser, ...options } = {})
{
	const control = await s.control(options);
	const b = await Browser.start(s, browser);

	await b.page.goto(control.referd.http);
	await seen(b, '#link[data-state="live"]');

	return { ...control, b, page: b.page };
}


export function seen(b, selector, options)
{
	return b.page.locator(selector).first()
		.waitFor({ timeout: 20_000, ...options });
}


export function text(b, selector)
{
	return b.page.locator(selector).first().innerText();
}


/** Waits until an element shows the expected text. */
export async function says(b, selector, pattern)
{
	try {
		await b.page.locator(selector).filter({ hasText: pattern })
			.first().waitFor({ timeout: 20_000 });
	}
	catch {
		assert.match(await b.page.locator(selector).allInnerTexts()
			.then((all) => all.join('\n')), pattern);
	}
}


export function labels(b)
{
	return b.page.locator('.ladder .row').evaluateAll((rows) =>
		rows.map((r) => [...r.cells].map((c) => c.textContent))
			.map(([, , from, to, label]) => `${from}${
				to && ` to ${to}`}: ${label}`));
}


/** Measures for how long the page stands still, in ms at the most. */
export async function stands(page)
{
	await page.evaluate(() => {
		globalThis.worst = 0;
		new PerformanceObserver((list) => {
			for (const e of list.getEntries())
				globalThis.worst = Math.max(globalThis.worst,
					e.duration);
		}).observe({ type: 'longtask' });
	});

	return () => page.evaluate(() => globalThis.worst);
}


/**
 * The overlaps in the picture of a ladder: texts and the boxes of notes with
 * lifelines, texts with texts; names that are cut, texts beyond the edges.
 */
export function crossings(page)
{
	return page.evaluate(() => {
		/* a cell may be wider than its text */
		const box = (el) => {
			const range = document.createRange();

			range.selectNodeContents(el);
			return (el.localName === 'td' ? range : el)
				.getBoundingClientRect().toJSON();
		};
		const all = (selector) => [...document.querySelectorAll(
			selector)].map((el) => ({ el, text: el.textContent,
			...box(el) }));
		const meet = (a, b) => a.left < b.right && b.left < a.right &&
			a.top < b.bottom && b.top < a.bottom;
		const texts = all('.picture text, .row > :is(.time, .gap)')
			.filter((x) => x.text);
		const lives = all('.life');
		const [frame] = all('.picture');

		return [
			...texts.concat(all('.picture rect')).filter((a) =>
				lives.some((b) => meet(a, b))).map((a) =>
				`${a.el.className.baseVal} “${a.text}” ` +
				'crosses a lifeline'),
			...texts.flatMap((a, i) => texts.slice(i + 1)
				.filter((b) => meet(a, b)).map((b) =>
					`“${a.text}” crosses “${b.text}”`)),
			...texts.filter((a) => a.left < frame.left ||
				a.right > frame.right || a.top < frame.top)
				.map((a) => `“${a.text}” is outside`),
			...all('.party b').filter(({ el }) => el.scrollWidth >
				el.clientWidth).map((a) => `“${a.text}” is cut`),
			...lives.length < 5 ? ['there is no lifeline'] : [],
		];
	});
}


export function press(b, name)
{
	return b.page.locator('.page, .send').getByRole('button',
		{ name, exact: true }).click();
}


export async function fill(b, label, value)
{
	await b.page.getByLabel(label, { exact: true }).fill(value);
}


/** Presses keys, one after the other. */
export async function keys(page, ...names)
{
	for (const name of names)
		await page.keyboard.press(name);
}


/** The file that an item of the menu Export saves. */
export async function save(page, choice)
{
	await page.getByText('Export', { exact: true }).click();
	const [download] = await Promise.all([page.waitForEvent('download'),
		page.getByRole('button', { name: choice }).click()]);
	const bytes = readFileSync(await download.path());

	return { name: download.suggestedFilename(), bytes,
		text: bytes.toString() };
}

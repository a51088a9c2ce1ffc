/**
 * @file dom.js  A few helpers to make and update elements
 *
 * Text is set as text, never as markup; its numbers may be hidden.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { veil, veilField } from './mask.js';

/** The text of a form without a connection */
export const NOT_SENT = 'The page is not connected to referd. Nothing was ' +
	'sent.';


/** The reason why an observer has no controls */
export const OBSERVER = 'The token of this page is for an observer, who sees ' +
	'everything and controls nothing.';


/** Get a value of a storage; with a value given, store that first. A browser
    may forbid storage: then nothing is kept. */
export function stored(storage, name, value)
{
	try {
		if (value !== undefined)
			globalThis[storage].setItem(name, value);
		return globalThis[storage].getItem(name) || '';
	}
	catch {
		return value || '';
	}
}


/** The element of an id */
export function $(id)
{
	return document.getElementById(id);
}


/**
 * Make an element
 *
 * @param tag    "div", or with classes "div.a.b"
 * @param props  Properties; role, for, list and `aria-…` become attributes
 * @param kids   Elements, or text
 */
export function h(tag, props = {}, ...kids)
{
	const [name, ...classes] = tag.split('.');
	const el = document.createElement(name);

	el.className = classes.join(' ');
	for (const [key, value] of Object.entries(props)) {
		if (value === undefined)
			continue;
		if (key.includes('-') || key === 'role' || key === 'for' ||
		    key === 'list')
			el.setAttribute(key, veil(String(value)));
		else
			el[key] = key === 'title' ? veil(value) : value;
	}
	el.append(...kids.flat().filter((kid) => kid !== null &&
					kid !== undefined && kid !== '')
		.map((kid) => kid instanceof Node ? kid : veil(kid)));

	return el;
}


/** Names and values as a list of terms, without missing values */
export function facts(values)
{
	return Object.entries(values).filter(([, value]) => value)
		.flatMap(([name, value]) => {
			const dd = h('dd');

			dd.textContent = veilField(name, value);
			return [h('dt', {}, name), dd];
		});
}


/** Set the text of an element if it changed, so that a selection survives */
export function setText(el, text)
{
	const shown = veil(text);

	if (el.textContent !== shown)
		el.textContent = shown;
}


/** Set one property of an element if it changed */
export function setProp(el, name, value)
{
	if (el[name] !== value)
		el[name] = value;
}


/**
 * Update the children of a list for its items. An item that stays keeps its
 * element and focus. keyOf(item), make(item) an element, fill(element, item).
 */
export function keyed(parent, items, keyOf, make, fill)
{
	const old = new Map();
	for (const el of parent.children)
		old.set(el.key, el);

	let at = parent.firstElementChild;
	for (const item of items) {
		const key = keyOf(item);
		let el = old.get(key);

		if (!el) {
			el = make(item);
			el.key = key;
		}
		old.delete(key);
		fill(el, item);

		if (el === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(el, at);
	}

	for (const el of old.values())
		el.remove();
}


/* Strings, numbers and names in a JSON text: each kind has a colour. */
const JSON_TOKEN =
	/("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g;

/* The text is already veiled where it must be. */
function token(kind, text)
{
	const span = h(`span.${kind}`);

	span.textContent = text;

	return span;
}


/** A JSON text as nodes with its tokens marked */
export function jsonNodes(value)
{
	const text = typeof value === 'string' ? veil(value) :
		JSON.stringify(veilField('', value), null, 2);
	const out = [];
	let last = 0;

	for (const m of text.matchAll(JSON_TOKEN)) {
		const kind = m[2] ? 'j-name' : m[1] ? 'j-string' : 'j-atom';
		out.push(new Text(text.slice(last, m.index)),
			 token(kind, m[1] || m[0]), new Text(m[2] || ''));
		last = m.index + m[0].length;
	}
	out.push(new Text(text.slice(last)));

	return out;
}


/** A button that copies the result of `text`, and reports it */
export function copyButton(text, label = 'Copy')
{
	const button = h('button.small', { type: 'button' }, label);

	button.onclick = async () => {
		const done = await copyText(text());
		button.textContent = done ? 'Copied' : 'Not copied';
		setTimeout(() => setText(button, label), 1500);
	};

	return button;
}


/** Copy a text. Without a secure context there is no clipboard object. */
export async function copyText(text)
{
	try {
		await navigator.clipboard.writeText(text);
		return true;
	}
	catch {
		const area = h('textarea', { value: text });
		document.body.append(area);
		area.select();
		const done = document.execCommand('copy');
		area.remove();
		return done;
	}
}

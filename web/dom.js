/**
 * @file dom.js  A few helpers to make and update elements
 *
 * Text is only ever set as text, never as markup, and may be veiled.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { veil, veilField } from './mask.js';

/** What a form says when there is no connection */
export const NOT_SENT = 'Not connected to referd: nothing was sent.';


/** Why an observer has no controls */
export const OBSERVER = 'The token of this page is an observer’s: it sees ' +
	'everything and controls nothing.';


/** What a storage keeps under a name, with a value given: after keeping it.
    A browser may forbid storage; then it keeps nothing. */
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


/** Names and values as a list of terms; a value that is missing is left out */
export function facts(values)
{
	return Object.entries(values).filter(([, value]) => value)
		.flatMap(([name, value]) => {
			const dd = h('dd');

			dd.textContent = veilField(name, value);
			return [h('dt', {}, name), dd];
		});
}


/** Set the text of an element if it changed: a selection in it survives */
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
 * Bring the children of a list in line with its items: what stays keeps its
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


/* Strings, numbers and names in a JSON text, each in a colour of its own. */
const JSON_TOKEN =
	/("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g;

/* What is not veiled here was, where that was to be, before. */
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


/** A button that copies what `text` returns, and says so */
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


/** Copy a text; without a secure context there is no clipboard object */
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

/**
 * @file fields.js  What the forms are made of
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { h, setProp, setText } from './dom.js';

const TARGETS_MAX = 12;

let fieldCount = 0;


/** The last targets, offered again; with one given, remember it */
export function lastTargets(target)
{
	try {
		const old = JSON.parse(localStorage.getItem('targets')) || [];
		if (!target)
			return Array.isArray(old) ? old : [];
		localStorage.setItem('targets', JSON.stringify([target,
			...old.filter((t) => t !== target)].slice(
			0, TARGETS_MAX)));
	}
	catch {
		/* no storage, no offers */
	}

	return [];
}


/** The last targets as a datalist */
export function targetList()
{
	return h('datalist', { id: 'targets' }, lastTargets().map((t) =>
		h('option', { value: t })));
}


/** A label, its input, and the place where its error stands */
export function field(label, props, help)
{
	const id = `field-${++fieldCount}`;
	const input = h('input', { id, type: 'text', autocomplete: 'off',
				  spellcheck: false, maxLength: 2048,
				  'aria-describedby': `${id}-note`,
				  ...props });
	const note = h('span.note', { id: `${id}-note` }, help);
	const element = h('div.field', {}, h('label', { for: id }, label),
			  input, note);

	return { element, input, show(error) {
		setText(note, error ? `${label} ${error}` : help || '');
		element.classList.toggle('wrong', Boolean(error));
		input.setAttribute('aria-invalid', Boolean(error));
	} };
}


function headerRow(pair, label, remove)
{
	const input = (at, props) => h('input', {
		value: pair[at], spellcheck: false, ...props,
		oninput(event) {
			pair[at] = event.target.value;
		} });
	const note = h('span.note');
	const element = h('div.header', {},
		input(0, { placeholder: 'X-Name', maxLength: 128,
			   'aria-label': `${label} name` }),
		input(1, { placeholder: 'value', maxLength: 2048,
			   'aria-label': `${label} value` }),
		h('button.small', { type: 'button', title: 'Remove',
				    'aria-label': `Remove ${label}`,
				    onclick: remove }, '×'), note);

	return { element, show(error) {
		setText(note, error || '');
		element.classList.toggle('wrong', Boolean(error));
	} };
}


/**
 * A list of headers: a line each
 *
 * @param draft  Draft of the form
 * @param name   Which list of it
 * @param title  What stands above
 * @param label  What one of them is called
 */
export function headerFields(draft, name, title, label)
{
	const list = h('div.headers');
	const add = h('button.small', { type: 'button', onclick() {
		draft[name].push(['', '']);
		build();
		list.lastChild.querySelector('input').focus();
	} }, 'Add');
	let rows = [];

	function remove(pair)
	{
		draft[name] = draft[name].filter((p) => p !== pair);
		if (!draft[name].length)
			draft[name].push(['', '']);
		build();
		list.dispatchEvent(new Event('input', { bubbles: true }));
		list.querySelector('input').focus();
	}

	function build()
	{
		rows = draft[name].map((pair) => headerRow(
			pair, label, () => remove(pair)));
		list.replaceChildren(...rows.map((row) => row.element));
	}

	build();

	return {
		element: h('fieldset', {}, h('legend', {}, title), list, add),
		show: (errors) => rows.forEach((row, i) =>
			row.show(errors[`${name}.${i}`])),
	};
}


/**
 * How and as whom a hook over HTTP is asked: shown once the hook is a URL
 *
 * @param draft  Draft of the form
 * @param name   Which hook of it
 * @param label  What it is called
 */
export function hookFields(draft, name, label)
{
	const more = draft[`${name}More`];
	const bind = (key, tag, props, kids = []) => h(tag, {
		autocomplete: 'off', 'aria-label': `${label} ${key}`,
		placeholder: key, ...props, oninput(event) {
			more[key] = event.target.value;
		} }, kids);
	const element = h('div.hook-more', { hidden: true },
		bind('method', 'select', {}, ['', 'POST', 'GET'].map((m) =>
			h('option', { value: m, selected: m === more.method },
			  m || 'method'))),
		bind('username', 'input', { value: more.username || '' }),
		bind('password', 'input', { value: more.password || '',
					    type: 'password' }));

	return { element, show() {
		setProp(element, 'hidden', !/^https?:/i.test(draft[name]) &&
			!Object.values(more).some(Boolean));
	} };
}


/** Where a form says what became of what it sent */
export function result()
{
	const element = h('p.result', { role: 'status', hidden: true });

	return { element, show(text, kind) {
		setText(element, text);
		element.dataset.kind = kind;
		setProp(element, 'hidden', !text);
	} };
}

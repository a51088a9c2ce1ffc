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


function headerRow(form, pair)
{
	const typed = (at) => (event) => {
		pair[at] = event.target.value;
		form.changed();
	};
	const note = h('span.note');
	const element = h('div.header', {},
		h('input', { value: pair[0], placeholder: 'X-Name',
			     'aria-label': 'Header name', spellcheck: false,
			     maxLength: 128, oninput: typed(0) }),
		h('input', { value: pair[1], placeholder: 'value',
			     'aria-label': 'Header value', spellcheck: false,
			     maxLength: 2048, oninput: typed(1) }),
		h('button.small', { type: 'button', title: 'Remove',
				   'aria-label': 'Remove header',
				   onclick: () => form.removeHeader(pair) },
		  '×'), note);

	return { element, show(error) {
		setText(note, error || '');
		element.classList.toggle('wrong', Boolean(error));
	} };
}


/** The list of headers of a form: a line each, and one that is empty */
export function headerFields(form, draft)
{
	const element = h('div.headers');
	let rows = [];

	function build()
	{
		rows = draft.headers.map((pair) => headerRow(form, pair));
		element.replaceChildren(...rows.map((row) => row.element));
	}

	form.removeHeader = (pair) => {
		draft.headers = draft.headers.filter((p) => p !== pair);
		if (!draft.headers.length)
			draft.headers.push(['', '']);
		build();
		form.changed();
		element.querySelector('input').focus();
	};

	build();

	return {
		element,
		add() {
			draft.headers.push(['', '']);
			build();
			rows.at(-1).element.querySelector('input').focus();
		},
		show(errors) {
			rows.forEach((row, i) =>
				row.show(errors[`headers.${i}`]));
		},
	};
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

/**
 * @file fields.js  The parts of the forms
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { copyButton, h, jsonNodes, NOT_SENT, setProp, setText, stored }
	from './dom.js';

const TARGETS_MAX = 12;

let fieldCount = 0;


/** Get the last targets; with one given, store it first */
export function lastTargets(target)
{
	const old = stored('localStorage', 'targets').split('\n')
		.filter(Boolean);

	if (target)
		stored('localStorage', 'targets', [target, ...old.filter(
			(t) => t !== target)].slice(0, TARGETS_MAX)
			.join('\n'));

	return old;
}


/** The last targets, and the targets that the demo's carrier offers (no
    numbers) */
export function targetList(sip)
{
	const demo = sip?.headers?.['X-Demo']?.match(/\b[a-z][\w-]+/g) ?? [];

	return h('datalist', { id: 'targets' }, demo.concat(lastTargets())
		.map((t) => h('option', { value: t })));
}


/** A label, its input, and the place for its error */
export function field(label, props, help, tag = 'input')
{
	const id = `field-${++fieldCount}`;
	const input = h(tag, { id, autocomplete: 'off', spellcheck: false,
			       maxLength: tag === 'input' ? 2048 : 16384,
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


/** The input for the targets after the first */
export function othersField()
{
	return field('More targets', { rows: 2, placeholder: 'one per line' },
		     'tried one after the other if the first fails',
		     'textarea');
}


/** A choice among {value: text}, for `name` of a draft */
export function choice(draft, name, label, values)
{
	const id = `field-${++fieldCount}`;
	const select = h('select', { id, oninput() {
		draft[name] = select.value;
	} }, Object.entries(values).map(([value, text]) => h('option', {
		value }, text)));

	select.value = draft[name];

	return { select, element: h('div.field', {}, h('label', { for: id },
		label), select) };
}


/** Connect inputs to a draft: they show it and change it */
export function bind(draft, inputs)
{
	for (const [name, f] of Object.entries(inputs)) {
		f.input.value = draft[name];
		f.input.addEventListener('input', () => {
			draft[name] = f.input.value;
		});
	}
}


/** The list `name` of a draft, a line for each header */
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


/* The place for the answer to a form. */
function said()
{
	const element = h('p.result', { role: 'status', hidden: true });

	return { element, show(text, kind) {
		setText(element, text);
		element.dataset.kind = kind;
		setProp(element, 'hidden', !text);
	} };
}


/** A form, with the JSON that it will send beside it */
export class SendForm {
	/**
	 * @param label     Of the button that sends
	 * @param fields    Elements to type into
	 * @param inputs    Fields by name, to show errors in
	 * @param read      Gives {message, errors}, errors by name
	 * @param accepted  Called with the ack
	 */
	constructor(ctx, { label, fields, inputs, read, accepted })
	{
		Object.assign(this, { ctx, inputs, read, accepted,
				      msgid: ctx.nextId(), touched: false,
				      said: said() });
		this.json = h('pre.json', { tabIndex: 0, 'aria-label':
			`JSON that ${label} will send` });
		this.button = h('button.primary', { type: 'submit' }, label);
		this.buttons = h('div.submit', {}, this.button,
				 this.said.element);
		this.preview = h('div.preview', {}, h('div.preview-head', {},
			h('h3', {}, 'Message to send'), copyButton(() =>
				JSON.stringify(this.message()))), this.json);
		this.element = h('form.refer', {
			noValidate: true, oninput: () => this.changed(),
			onsubmit: (event) => {
				event.preventDefault();
				this.send();
			} }, h('div.fields', {}, fields, this.buttons),
		this.preview);
		this.changed();
	}

	message()
	{
		return { ...this.read().message, msgid: this.msgid };
	}

	/* A wrong field is reported at once, a missing one at the first attempt
	   to send. */
	changed()
	{
		const { errors } = this.read();

		for (const [name, f] of Object.entries(this.inputs))
			f.show(this.touched || f.input.value ? errors[name] :
				'');
		this.json.replaceChildren(...jsonNodes(this.message()));
		this.onchanged?.(errors);

		return !Object.keys(errors).length;
	}

	/** Send the message of the form, with `more` in it, and show the answer
	    of referd */
	send(more = {})
	{
		this.touched = true;
		if (!this.changed()) {
			this.element.querySelector('.wrong :is(input, textarea)')
				.focus();
			return;
		}

		const message = { ...this.message(), ...more };
		const sent = this.ctx.send(message, {
			ack: (msg) => {
				this.said.show('Accepted by referd.', 'good');
				this.accepted?.(msg);
			},
			error: (data) => this.said.show(data.error, 'bad'),
		});
		this.said.show(sent ? 'Sent …' : NOT_SENT,
			       sent ? 'wait' : 'bad');
		this.msgid = this.ctx.nextId();
		this.changed();
	}

	update()
	{
		for (const button of this.buttons.querySelectorAll('button'))
			setProp(button, 'disabled', !this.ctx.link.connected);
	}
}

/**
 * @file form.js  The forms: transfer a call, dial
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import {copyButton, h, jsonNodes, setProp, setText} from './dom.js';
import {emptyDraft, verbFromDraft} from './verb.js';

const TARGETS_MAX = 12;

/* What is typed belongs to the call until it is sent. */
const drafts = new Map();

let fieldCount = 0;


/* The last targets, offered again; storage may be forbidden. */
function lastTargets(target)
{
	try {
		const old = JSON.parse(localStorage.getItem('targets')) || [];
		if (!target)
			return old;
		localStorage.setItem('targets', JSON.stringify([target,
			...old.filter((t) => t !== target)].slice(
			0, TARGETS_MAX)));
	}
	catch {
		/* no storage, no offers */
	}

	return [];
}


/* A label, its input, and the place where its error stands. */
function field(label, props, help)
{
	const id = `field-${++fieldCount}`;
	const input = h('input', {id, type: 'text', autocomplete: 'off',
				  spellcheck: false, maxLength: 2048,
				  'aria-describedby': `${id}-note`,
				  ...props});
	const note = h('span.note', {id: `${id}-note`}, help);
	const element = h('div.field', {}, h('label', {for: id}, label),
			  input, note);

	return {element, input, show(error) {
		setText(note, error ? `${label} ${error}` : help || '');
		element.classList.toggle('wrong', Boolean(error));
		input.setAttribute('aria-invalid', Boolean(error));
	}};
}


function headerRow(form, pair)
{
	const typed = (at) => (event) => {
		pair[at] = event.target.value;
		form.changed();
	};
	const note = h('span.note');
	const element = h('div.header', {},
		h('input', {type: 'text', value: pair[0], placeholder: 'X-Name',
			    'aria-label': 'Header name', spellcheck: false,
			    maxLength: 128, oninput: typed(0)}),
		h('input', {type: 'text', value: pair[1], placeholder: 'value',
			    'aria-label': 'Header value', spellcheck: false,
			    maxLength: 2048, oninput: typed(1)}),
		h('button.small', {type: 'button', title: 'Remove',
				   'aria-label': 'Remove header',
				   onclick: () => form.removeHeader(pair)},
		  '×'), note);

	return {element, show(error) {
		setText(note, error || '');
		element.classList.toggle('wrong', Boolean(error));
	}};
}


/* The list of headers: one line each, and one that is empty. */
function headerFields(form, draft)
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


/* Which field shows which part of the draft. */
function textFields(call)
{
	return {
		referTo: field('Refer to', {list: 'targets', required: true,
					    autocapitalize: 'none',
					    enterKeyHint: 'send'},
			       'number, extension, sip: or tel: URI'),
		referredBy: field('Referred by', {
			placeholder: String(call.from_uri || call.from || '')},
			'left out: the party being transferred'),
		id: field('Id', {}, 'names this verb in hooks and history'),
		referredByDisplayName: field('Display name', {},
			'stands beside Referred-By'),
		actionHook: field('Action hook', {placeholder: 'refer'},
			'hears of the result'),
		eventHook: field('Event hook', {}, 'hears each NOTIFY'),
	};
}


function result(ctx)
{
	const element = h('p.result', {role: 'status', hidden: true});

	return {element, show(text, kind) {
		setText(element, text);
		element.dataset.kind = kind;
		setProp(element, 'hidden', !text);
	}};
}


/* Sends what the form holds, and tells in the form what referd said. */
function submitRefer(ctx, form, message)
{
	const {verb, errors} = verbFromDraft(form.draft);

	form.touched = true;
	form.changed();
	if (Object.keys(errors).length) {
		form.element.querySelector('[aria-invalid="true"], .wrong ' +
					   'input')?.focus();
		return;
	}

	lastTargets(verb.referTo);
	const sent = ctx.send(message, {
		ack: () => form.result.show('Accepted by referd.', 'good'),
		error: (data) => form.result.show(data.error, 'bad'),
	});
	if (sent)
		ctx.followTransfer(form.call.call_sid);
	form.result.show(sent ? 'Sent …' : 'Not connected to referd: nothing '
			 + 'was sent.', sent ? 'wait' : 'bad');
	form.msgid = ctx.nextId();
	form.changed();
}


/**
 * The form that transfers a call
 *
 * @return {element, update, focus}
 */
export function referForm(ctx, call)
{
	const sid = call.call_sid;
	if (!drafts.has(sid))
		drafts.set(sid, emptyDraft());

	const draft = drafts.get(sid);
	const form = {call, draft, msgid: ctx.nextId(), touched: false,
		      result: result(ctx)};
	const fields = textFields(call);
	const headers = headerFields(form, draft);
	const json = h('pre.json', {tabIndex: 0,
				    'aria-label': 'JSON that will be sent'});
	const message = () => ({...verbFromDraft(draft).verb, call_sid: sid,
				msgid: form.msgid});
	const button = h('button.primary', {type: 'submit'}, 'Transfer');

	for (const [name, f] of Object.entries(fields)) {
		f.input.value = draft[name];
		f.input.addEventListener('input', () => {
			draft[name] = f.input.value;
			form.changed();
		});
	}

	form.changed = () => {
		const {errors} = verbFromDraft(draft);
		for (const [name, f] of Object.entries(fields)) {
			const quiet = !form.touched && !draft[name];
			f.show(quiet ? '' : errors[name]);
		}
		headers.show(errors);
		json.replaceChildren(...jsonNodes(message()));
	};

	const more = h('details.fields', {open: Boolean(draft.actionHook ||
			draft.eventHook || draft.referredByDisplayName)},
		h('summary', {}, 'Hooks and display name'),
		h('div.grid', {}, fields.actionHook.element,
		  fields.eventHook.element,
		  fields.referredByDisplayName.element));
	const targets = h('datalist', {id: 'targets'}, lastTargets().map((t) =>
		h('option', {value: t})));

	form.element = h('form.card.refer', {noValidate: true, onsubmit(e) {
		e.preventDefault();
		submitRefer(ctx, form, message());
	}},
		h('div.fields', {},
		  h('h3', {}, 'Transfer'), targets, fields.referTo.element,
		  h('div.grid', {}, fields.referredBy.element,
		    fields.id.element),
		  h('fieldset', {}, h('legend', {}, 'Headers of the REFER'),
		    headers.element,
		    h('button.small', {type: 'button',
				       onclick: () => headers.add()},
		      'Add header')),
		  more,
		  h('div.submit', {}, button, form.result.element)),
		h('div.preview', {},
		  h('div.preview-head', {}, h('h3', {}, 'Will be sent'),
		    copyButton(() => JSON.stringify(message()))), json));
	form.changed();

	return {
		element: form.element,
		focus: () => fields.referTo.input.focus(),
		update: () => setProp(button, 'disabled',
				      !ctx.link.connected),
	};
}


/**
 * The page that dials
 *
 * @return {element, update, focus}
 */
export function dialPage(ctx)
{
	const to = field('To', {required: true, list: 'targets',
				autocapitalize: 'none'}, 'sip: URI or number');
	const from = field('From', {autocapitalize: 'none'},
			   'account of the gateway; left out: its first');
	const json = h('pre.json', {tabIndex: 0,
				    'aria-label': 'JSON that will be sent'});
	const said = result(ctx);
	let msgid = ctx.nextId();

	function message()
	{
		const data = {to: to.input.value.trim()};
		const account = from.input.value.trim();

		if (account)
			data.from = account;

		return {type: 'command', command: 'dial', msgid, data};
	}

	const changed = () => json.replaceChildren(...jsonNodes(message()));

	function submit(event)
	{
		event.preventDefault();
		to.show(message().data.to ? '' : 'is required');
		if (!message().data.to) {
			to.input.focus();
			return;
		}

		lastTargets(message().data.to);
		const sent = ctx.send(message(), {
			ack: (msg) => msg.call_sid &&
				ctx.go(`#/calls/${msg.call_sid}`),
			error: (data) => said.show(data.error, 'bad'),
		});
		said.show(sent ? 'Sent …' : 'Not connected to referd: ' +
			  'nothing was sent.', sent ? 'wait' : 'bad');
		msgid = ctx.nextId();
		changed();
	}

	const element = h('article.page', {},
		h('header.page-head', {}, ctx.back(), h('h2', {}, 'Dial')),
		h('form.card.refer', {noValidate: true, onsubmit: submit,
				      oninput: changed},
		  h('div.fields', {}, h('datalist', {id: 'targets'},
		    lastTargets().map((t) => h('option', {value: t}))),
		    to.element, from.element,
		    h('div.submit', {}, h('button.primary', {type: 'submit'},
					  'Dial'), said.element)),
		  h('div.preview', {},
		    h('div.preview-head', {}, h('h3', {}, 'Will be sent'),
		      copyButton(() => JSON.stringify(message()))), json)));
	changed();

	return {element, update() {}, focus: () => to.input.focus()};
}

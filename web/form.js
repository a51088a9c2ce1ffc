/**
 * @file form.js  The form that transfers a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { copyButton, h, jsonNodes, NOT_SENT, setProp } from './dom.js';
import { field, headerFields, lastTargets, result, targetList }
	from './fields.js';
import { farEnd } from './model.js';
import { emptyDraft, verbFromDraft } from './verb.js';

/* What was typed stays with its call: a transfer that failed is tried again. */
const drafts = new Map();


/* Which field shows which part of the draft. */
function textFields(call)
{
	return {
		referTo: field('Refer to', { list: 'targets', required: true,
					    autocapitalize: 'none',
					    enterKeyHint: 'send' },
			       'number, extension, sip: or tel: URI'),
		referredBy: field('Referred by', {
			placeholder: farEnd(call) },
			'left out: the party being transferred'),
		id: field('Id', {}, 'names this verb in hooks and history'),
		referredByDisplayName: field('Display name', {},
			'stands beside Referred-By'),
		actionHook: field('Action hook', { placeholder: 'refer' },
			'hears of the result'),
		eventHook: field('Event hook', {}, 'hears each NOTIFY'),
	};
}


/* Sends what the form holds, and tells in the form what referd said. */
function submitRefer(ctx, form, message)
{
	const { verb, errors } = verbFromDraft(form.draft);

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
	form.result.show(sent ? 'Sent …' : NOT_SENT, sent ? 'wait' : 'bad');
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
	const form = { call, draft, msgid: ctx.nextId(), touched: false,
		      result: result() };
	const fields = textFields(call);
	const headers = headerFields(form, draft);
	const json = h('pre.json', { tabIndex: 0,
				    'aria-label': 'JSON that will be sent' });
	const message = () => ({ ...verbFromDraft(draft).verb, call_sid: sid,
				msgid: form.msgid });
	const button = h('button.primary', { type: 'submit' }, 'Transfer');

	for (const [name, f] of Object.entries(fields)) {
		f.input.value = draft[name];
		f.input.addEventListener('input', () => {
			draft[name] = f.input.value;
			form.changed();
		});
	}

	form.changed = () => {
		const { errors } = verbFromDraft(draft);
		for (const [name, f] of Object.entries(fields)) {
			const quiet = !form.touched && !draft[name];
			f.show(quiet ? '' : errors[name]);
		}
		headers.show(errors);
		json.replaceChildren(...jsonNodes(message()));
	};

	const more = h('details.fields', { open: Boolean(draft.actionHook ||
			draft.eventHook || draft.referredByDisplayName) },
		h('summary', {}, 'Hooks and display name'),
		h('div.grid', {}, fields.actionHook.element,
		  fields.eventHook.element,
		  fields.referredByDisplayName.element));

	form.element = h('form.card.refer', { noValidate: true, onsubmit(e) {
		e.preventDefault();
		submitRefer(ctx, form, message());
	} },
		h('div.fields', {},
		  h('h3', {}, 'Transfer'), targetList(),
		  fields.referTo.element,
		  h('div.grid', {}, fields.referredBy.element,
		    fields.id.element),
		  h('fieldset', {}, h('legend', {}, 'Headers of the REFER'),
		    headers.element,
		    h('button.small', { type: 'button',
				       onclick: () => headers.add() },
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

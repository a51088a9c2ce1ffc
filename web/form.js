/**
 * @file form.js  The form that transfers a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { copyButton, h, jsonNodes, keyed, NOT_SENT, setProp, setText }
	from './dom.js';
import { field, headerFields, lastTargets, result, targetList }
	from './fields.js';
import { farEnd, liveCalls } from './model.js';
import { emptyDraft, verbFromDraft } from './verb.js';

/* What was typed stays with its call: what failed is tried again. */
const drafts = new Map();


/* Which field shows which part of the draft. */
function textFields(call)
{
	return {
		referTo: field('Refer to', { list: 'targets', required: true,
					     autocapitalize: 'none',
					     enterKeyHint: 'send' },
			       'number, extension, sip: or tel: URI'),
		referredBy: field('Referred by', { placeholder: farEnd(call) },
			'left out: the party being transferred'),
		id: field('Id', {}, 'names this verb in hooks and history'),
		referredByDisplayName: field('Display name', {},
			'stands beside Referred-By'),
		actionHook: field('Action hook', { placeholder: 'refer' },
			'hears of the result'),
		eventHook: field('Event hook', {}, 'hears each NOTIFY'),
		notify: field('First NOTIFY', { inputMode: 'decimal',
						placeholder: '15' },
			'seconds to wait for it'),
		ringing: field('Ringing', { inputMode: 'decimal',
					    placeholder: '120' },
			'seconds to wait for the result'),
	};
}


function isOpen(draft)
{
	return ['actionHook', 'eventHook', 'referredByDisplayName', 'notify',
		'ringing'].some((name) => draft[name]) ||
		draft.targetHeaders.some(([name]) => name);
}


/*
 * The form of one call. `touched` is set once it was to be sent: from then on
 * what is missing is said too, not only what is wrong.
 */
class ReferForm {
	constructor(ctx, call)
	{
		const sid = call.call_sid;

		if (!drafts.has(sid))
			drafts.set(sid, emptyDraft());
		Object.assign(this, { ctx, call, draft: drafts.get(sid),
				      msgid: ctx.nextId(), touched: false,
				      result: result() });
		this.fields = textFields(call);
		this.bind();
		this.headers = this.headerList('headers',
			'Headers of the REFER', 'Header');
		this.targetHeaders = this.headerList('targetHeaders',
			'Headers for the target, in its INVITE',
			'Target header');
		this.replaces = h('select', {
			id: 'replaces', onchange: () => {
				this.draft.replaces = this.replaces.value;
				this.changed();
			} });
		this.attended = h('div.field', { hidden: true },
			h('label', { for: 'replaces' }, 'Or to meet'),
			this.replaces);
		this.json = h('pre.json', {
			tabIndex: 0, 'aria-label': 'JSON that will be sent' });
		this.dry = h('section.dry', { 'aria-label': 'The REFER' });
		this.build();
		this.changed();
	}

	bind()
	{
		for (const [name, f] of Object.entries(this.fields)) {
			f.input.value = this.draft[name];
			f.input.addEventListener('input', () => {
				this.draft[name] = f.input.value;
				this.changed();
			});
		}
	}

	headerList(name, title, label)
	{
		return headerFields({ draft: this.draft, name, title, label,
				      changed: () => this.changed() });
	}

	build()
	{
		const f = this.fields;

		this.button = h('button.primary', { type: 'submit' },
				'Transfer');
		this.preview = h('button', {
			type: 'button', onclick: () => this.send(true),
		}, 'Show the REFER');
		this.element = h('form.card.refer', {
			noValidate: true, onsubmit: (event) => {
				event.preventDefault();
				this.send(false);
			} },
			h('div.fields', {},
			  h('h3', {}, 'Transfer'), targetList(),
			  f.referTo.element, this.attended,
			  h('div.grid', {}, f.referredBy.element,
			    f.id.element),
			  this.headers.element, this.more(),
			  h('div.submit', {}, this.button, this.preview,
			    this.result.element)),
			h('div.preview', {},
			  h('div.preview-head', {},
			    h('h3', {}, 'Will be sent'),
			    copyButton(() => JSON.stringify(this.message()))),
			  this.json, this.dry));
	}

	more()
	{
		const f = this.fields;

		return h('details.fields', { open: isOpen(this.draft) },
			h('summary', {}, 'Hooks, timeouts, more'),
			h('div.grid', {}, f.actionHook.element,
			  f.eventHook.element, f.notify.element,
			  f.ringing.element,
			  f.referredByDisplayName.element),
			this.targetHeaders.element);
	}

	message()
	{
		return { ...verbFromDraft(this.draft).verb,
			 call_sid: this.call.call_sid, msgid: this.msgid };
	}

	changed()
	{
		const { errors } = verbFromDraft(this.draft);

		for (const [name, f] of Object.entries(this.fields)) {
			const quiet = !this.touched && !this.draft[name];
			f.show(quiet ? '' : errors[name]);
		}
		this.headers.show(errors);
		this.targetHeaders.show(errors);
		this.json.replaceChildren(...jsonNodes(this.message()));
		this.dry.replaceChildren();

		return errors;
	}

	/* Sends what the form holds, and tells here what referd says to it. */
	send(dryRun)
	{
		this.touched = true;
		if (Object.keys(this.changed()).length) {
			this.element.querySelector('.wrong input').focus();
			return;
		}

		const message = this.message();
		const sent = this.ctx.send(dryRun ?
			{ ...message, dryRun } : message, {
			ack: (msg) => this.accepted(msg.data?.dry_run),
			error: (data) => this.result.show(data.error, 'bad'),
		});
		this.result.show(sent ? 'Sent …' : NOT_SENT,
				 sent ? 'wait' : 'bad');
		if (sent && !dryRun) {
			lastTargets(message.referTo);
			this.ctx.followTransfer(this.call.call_sid);
		}
		this.msgid = this.ctx.nextId();
		this.json.replaceChildren(...jsonNodes(this.message()));
	}

	accepted(dryRun)
	{
		this.result.show(dryRun ? '' : 'Accepted by referd.', 'good');
		if (!dryRun)
			return;

		this.dry.replaceChildren(
			h('h3', {}, 'The REFER, not sent'),
			...(dryRun.doubts || []).map((text) =>
				h('p.doubt', {}, text)),
			h('pre.json', { tabIndex: 0 }, dryRun.refer.trim()));
		this.dry.scrollIntoView({ block: 'nearest' });
	}

	update()
	{
		const others = liveCalls(this.ctx.model).filter((c) =>
			c !== this.call && c.call_status === 'in-progress');
		const choices = [{ call_sid: '' }, ...others];

		keyed(this.replaces, choices, (c) => c.call_sid,
		      (c) => h('option', { value: c.call_sid }), (el, c) => {
			setText(el, c.call_sid ? `${farEnd(c)}, the far end ` +
				'of another call' : 'nobody');
		});
		setProp(this.attended, 'hidden', !others.length);
		setProp(this.replaces, 'value', this.draft.replaces);
		for (const button of [this.button, this.preview])
			setProp(button, 'disabled', !this.ctx.link.connected);
	}
}


/**
 * The form that transfers a call
 *
 * @return {element, update, focus}
 */
export function referForm(ctx, call)
{
	const form = new ReferForm(ctx, call);

	return {
		element: form.element,
		focus: () => form.fields.referTo.input.focus(),
		update: () => form.update(),
	};
}

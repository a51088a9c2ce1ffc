/**
 * @file form.js  The form that transfers a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { h, keyed, setProp, setText } from './dom.js';
import { bind, choice, field, headerFields, lastTargets, othersField,
	SendForm, targetList } from './fields.js';
import { farEnd, liveCalls } from './model.js';
import { emptyDraft, verbFromDraft } from './verb.js';
import { party } from './words.js';

/* The text of a form stays with its call, for another attempt. */
const drafts = new Map();


/* The fields, by the part of the draft that each shows. */
function textFields(call)
{
	return {
		referTo: field('Refer to', { list: 'targets',
					     autocapitalize: 'none',
					     enterKeyHint: 'send' },
			       'number, extension, sip: or tel: URI'),
		others: othersField(),
		referredBy: field('Referred by', { placeholder: farEnd(call) },
			'empty: the address of the far end'),
		id: field('Id', {}, 'names this verb in hooks and history'),
		referredByDisplayName: field('Display name', {},
			'in Referred-By'),
		actionHook: field('Action hook', { placeholder: 'refer' },
			'word, URL or {"url": …}; gets the result'),
		eventHook: field('Event hook', {},
			'word, URL or {"url": …}; gets each NOTIFY'),
		uui: field('User-to-User', {}, 'for the target: hex digits, ' +
			'then ;purpose=… if it is not for ISDN'),
		notify: field('First NOTIFY', { inputMode: 'decimal',
						placeholder: '40' },
			'seconds to wait for a NOTIFY'),
		ringing: field('Ringing', { inputMode: 'decimal',
					    placeholder: '120' },
			'seconds to wait for the result'),
	};
}


function isOpen(draft)
{
	return ['actionHook', 'eventHook', 'referredByDisplayName', 'notify',
		'ringing', 'uui', 'force'].some((name) => draft[name]) ||
		draft.targetHeaders.some(([name]) => name);
}


/* The profile for the far end, and its rules. */
function profileText({ name, error, rules })
{
	const said = Object.values(rules || {}).filter((r) => /^line/.test(r));

	return name || error ? h('p.hint', {}, [name && `Profile ${name}`,
		...said, error].filter(Boolean).join('; ')) : '';
}


/* The REFER for each target, and the doubts about it. */
function dryRunShown(dryRun, i, all)
{
	return [h('h3', {}, `The REFER${all.length > 1 ?
		` of attempt ${i + 1}` : ''}, not sent`),
	...(dryRun.doubts || []).map((text) => h('p.doubt', {}, text)),
	profileText(dryRun.profile || {}),
	h('pre.json', { tabIndex: 0 }, (dryRun.refer || '').trim())];
}


/* The form of one call. */
class ReferForm {
	constructor(ctx, call)
	{
		const sid = call.call_sid;

		if (!drafts.has(sid))
			drafts.set(sid, emptyDraft());
		Object.assign(this, { ctx, call, draft: drafts.get(sid) });
		this.inputs = textFields(call);
		bind(this.draft, this.inputs);
		this.unknown = choice(this.draft, 'onUnknown',
			'After an unknown outcome', {
				'': 'stop', next: 'try the next target' });
		this.lists = [headerFields(this.draft, 'headers',
			'Headers of the REFER', 'Header'),
		headerFields(this.draft, 'targetHeaders',
			'Headers of the INVITE to the target',
			'Target header')];
		this.replaces = h('select', { id: 'replaces', oninput: () => {
			this.draft.replaces = this.replaces.value;
		} });
		this.attended = h('div.field', { hidden: true },
			h('label', { for: 'replaces' }, 'Attended transfer to'),
			this.replaces);
		this.dry = h('section.dry', { 'aria-label': 'The REFER' });
		this.build();
	}

	build()
	{
		const { inputs: f, ctx, call } = this;

		this.form = new SendForm(ctx, {
			label: 'Transfer', inputs: f, fields: [
				h('h3', {}, 'Transfer'), targetList(call.sip),
				f.referTo.element, f.others.element,
				this.unknown.element, this.attended,
				h('div.grid', {}, f.referredBy.element,
				  f.id.element), this.lists[0].element,
				this.more()],
			read: () => {
				const { verb, errors } = verbFromDraft(
					this.draft);

				return { errors, message: { ...verb,
					call_sid: call.call_sid } };
			},
			accepted: (msg) => this.accepted(msg.data?.dry_run),
		});
		this.form.preview.append(this.dry);
		this.form.button.after(h('button', {
			type: 'button', onclick: () =>
				this.form.send({ dryRun: true }),
		}, 'Show the REFER'));
		this.form.element.classList.add('card');
		this.form.onchanged = (errors) => this.changed(errors);
		this.form.element.addEventListener('submit', () =>
			this.sent());
		this.form.changed();
	}

	more()
	{
		const { inputs: f } = this;

		return h('details.fields', { open: isOpen(this.draft) },
			h('summary', {}, 'Hooks, timeouts, more'),
			h('div.grid', {},
			  f.actionHook.element, f.eventHook.element,
			  f.notify.element, f.ringing.element,
			  f.referredByDisplayName.element, this.force()),
			this.lists[1].element, f.uui.element);
	}

	force()
	{
		return h('label', {}, h('input', {
			type: 'checkbox', checked: this.draft.force,
			oninput: (event) => {
				this.draft.force = event.target.checked;
			} }), ' Force: the last target may still ring');
	}

	changed(errors)
	{
		for (const list of this.lists)
			list.show(errors);
		setProp(this.unknown.element, 'hidden',
			!this.draft.others.trim());
		this.dry.replaceChildren();
	}

	sent()
	{
		if (this.form.said.element.dataset.kind !== 'wait')
			return;

		lastTargets(this.draft.referTo.trim());
		this.ctx.follow = this.call.call_sid;
	}

	accepted(dryRun)
	{
		if (!dryRun)
			return;

		this.form.said.show('');
		this.dry.replaceChildren(...[dryRun.attempts || dryRun].flat()
			.flatMap(dryRunShown));
		this.dry.scrollIntoView({ block: 'nearest' });
	}

	update()
	{
		const others = liveCalls(this.ctx.model).filter((c) =>
			c !== this.call && c.member === this.call.member &&
			c.call_status === 'in-progress');
		const choices = [{ call_sid: '' }, ...others];

		keyed(this.replaces, choices, (c) => c.call_sid,
		      (c) => h('option', { value: c.call_sid }), (el, c) => {
			setText(el, c.call_sid ? `${party(farEnd(c))}, the ` +
				'far end of another call' : 'no other call');
		});
		setProp(this.attended, 'hidden', !others.length);
		setProp(this.replaces, 'value', this.draft.replaces);
		this.form.update();
	}
}


/** The form that transfers a call: {element, update, focus} */
export function referForm(ctx, call)
{
	const form = new ReferForm(ctx, call);

	return {
		element: form.form.element,
		focus: () => form.inputs.referTo.input.focus(),
		update: () => form.update(),
	};
}

/**
 * @file verbform.js  The form of the verb transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { h, setProp } from './dom.js';
import { bind, choice, field, headerFields, lastTargets, othersField,
	SendForm } from './fields.js';
import { farEnd } from './model.js';
import { DISPOSITIONS, emptyTransfer, transferFromDraft } from './verb.js';

/* The text of a form stays with its call. */
const drafts = new Map();

const WAYS = { '': 'back to the application', voicemail: 'to voicemail',
	       hangup: 'hang up' };


function textFields(call)
{
	const hook = (label, help) => field(label, {},
		`word, URL or {"url": …}; ${help}`);

	return {
		target: field('Target', { list: 'targets',
					  autocapitalize: 'none' },
			      'number, user, sip: or tel: URI'),
		others: othersField(),
		timeout: field('Answer within', { inputMode: 'decimal',
						  placeholder: '30' },
			       'seconds for each target'),
		callerId: field('Caller id', { placeholder: farEnd(call) },
				'for Referred-By'),
		id: field('Verb id', {}, 'names the verb in hooks'),
		voicemailUrl: field('Voicemail', {}, 'sip: URI, or an ' +
				    'http(s): URL that returns verbs'),
		actionHook: hook('Result hook', 'gets the result'),
		eventHook: hook('Step hook', 'gets each step'),
		prompt: field('Prompt', { placeholder: 'press1.wav' },
			      'a WAV file below audio_path'),
		digit: field('Key', { placeholder: '1', maxLength: 1 },
			     'accepts the call'),
		brief: field('Brief', { placeholder: 'who-calls.wav' },
			     'played before the prompt'),
		onHoldHook: hook('Hold hook', 'returns verbs for the held caller'),
	};
}


/* The form of one call. */
class TransferForm {
	constructor(ctx, call)
	{
		const sid = call.call_sid;

		if (!drafts.has(sid))
			drafts.set(sid, emptyTransfer());
		this.draft = drafts.get(sid);
		Object.assign(this, { ctx, call, inputs: textFields(call) });
		bind(this.draft, this.inputs);
		this.mode = choice(this.draft, 'mode', 'Mode', {
			blind: 'blind: the far end calls the target',
			warm: 'warm: the gateway asks the target first' });
		this.headers = headerFields(this.draft, 'headers',
			'Headers for the targets', 'Header of the targets');
		this.ways = Object.entries(DISPOSITIONS).map(([name, what]) =>
			choice(this.draft, name, `If ${what}`, WAYS).element);
		this.build();
	}

	build()
	{
		const { inputs: f } = this;
		const grid = (...els) => h('div.grid', {}, els);

		this.warm = grid(f.prompt.element, f.digit.element,
				 f.brief.element, f.onHoldHook.element);
		this.form = new SendForm(this.ctx, {
			label: 'Run transfer', inputs: f, fields: [
				this.mode.element, f.target.element,
				f.others.element, this.warm,
				grid(...this.ways, f.voicemailUrl.element,
				     f.timeout.element, f.callerId.element,
				     f.id.element, f.actionHook.element,
				     f.eventHook.element),
				this.headers.element],
			read: () => {
				const { verb, errors } = transferFromDraft(
					this.draft);

				return { errors, message: { ...verb,
					call_sid: this.call.call_sid } };
			} });
		this.form.onchanged = (errors) => this.changed(errors);
		this.form.element.addEventListener('submit', () =>
			this.sent());
		this.form.changed();
	}

	changed(errors)
	{
		this.headers.show(errors);
		setProp(this.warm, 'hidden', this.draft.mode !== 'warm');
	}

	sent()
	{
		if (this.form.said.element.dataset.kind !== 'wait')
			return;

		lastTargets(this.draft.target.trim());
		this.ctx.follow = this.call.call_sid;
	}
}


/** The form that runs the verb transfer on a call: {element, update} */
export function transferForm(ctx, call)
{
	const { form } = new TransferForm(ctx, call);

	return { element: h('details.card', {}, h('summary', {},
		'Transfer with a fallback'),
	form.element), update: () => form.update() };
}

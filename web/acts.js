/**
 * @file acts.js  The forms that dial, and play a file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { h, OBSERVER } from './dom.js';
import { field, lastTargets, SendForm, targetList } from './fields.js';
import { mayControl } from './model.js';
import { playFromDraft } from './verb.js';


function dialForm(ctx, to, from)
{
	return new SendForm(ctx, {
		label: 'Dial', inputs: { to },
		fields: [targetList(), to.element, from.element],
		read() {
			const data = { to: to.input.value.trim() };
			const account = from.input.value.trim();

			if (account)
				data.from = account;

			return { errors: data.to ? {} : { to: 'is required' },
				 message: { type: 'command', command: 'dial',
					    data } };
		},
		accepted(msg) {
			lastTargets(to.input.value.trim());
			if (msg.call_sid)
				ctx.go(`#/calls/${msg.call_sid}`);
		} });
}


/** The page that dials: {element, update, focus} */
export function dialPage(ctx)
{
	const to = field('To', { list: 'targets', autocapitalize: 'none' },
			 'sip: URI or number');
	const from = field('From', { autocapitalize: 'none' },
			   'account of the gateway; left out: its first');
	const form = dialForm(ctx, to, from);

	return { element: h('article.page', {}, h('header.page-head', {},
			ctx.back(), h('h2', {}, 'Dial')),
		mayControl(ctx.model) ? h('div.card', {}, form.element) :
			h('p.hint', {}, OBSERVER)),
	update: () => form.update(), focus: () => to.input.focus() };
}


/** The form that plays a file to a call: {element, update} */
export function playForm(ctx, call)
{
	const inputs = {
		url: field('File', { placeholder: 'welcome.wav' },
			   'a WAV file below baresip’s audio_path'),
		loop: field('How often', { placeholder: '1' },
			    'a number, or forever'),
		actionHook: field('Play hook', {}, 'hears when it is over'),
	};
	const form = new SendForm(ctx, {
		label: 'Play', inputs,
		fields: [h('div.grid', {}, Object.values(inputs).map((f) =>
			f.element)), h('p.hint', {}, 'It takes the place of ' +
			'what the call does: a transfer in progress is ' +
			'cancelled.')],
		read() {
			const { verb, errors } = playFromDraft(
				Object.fromEntries(Object.entries(inputs).map(
					([name, f]) => [name,
						f.input.value.trim()])));

			return { errors, message: { ...verb,
						    call_sid: call.call_sid } };
		} });

	return { element: h('details.card', {}, h('summary', {},
			'Play a file'), form.element),
		 update: () => form.update() };
}

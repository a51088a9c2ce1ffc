/**
 * @file play.js  The form that plays a file to a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { h } from './dom.js';
import { field } from './fields.js';
import { SendForm } from './sending.js';
import { playFromDraft } from './verb.js';


/**
 * The form that plays a file to a call
 *
 * @return {element, update}
 */
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

/**
 * @file dial.js  The form that dials
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { h, OBSERVER } from './dom.js';
import { field, lastTargets, targetList } from './fields.js';
import { mayControl } from './model.js';
import { SendForm } from './sending.js';


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


/**
 * The page that dials
 *
 * @return {element, update, focus}
 */
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

/**
 * @file dial.js  The form that dials
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { copyButton, h, jsonNodes, NOT_SENT } from './dom.js';
import { field, lastTargets, result, targetList } from './fields.js';


/**
 * The page that dials
 *
 * @return {element, update, focus}
 */
export function dialPage(ctx)
{
	const to = field('To', { required: true, list: 'targets',
				  autocapitalize: 'none' },
			 'sip: URI or number');
	const from = field('From', { autocapitalize: 'none' },
			   'account of the gateway; left out: its first');
	const json = h('pre.json', { tabIndex: 0,
				    'aria-label': 'JSON that will be sent' });
	const said = result();
	let msgid = ctx.nextId();

	function message()
	{
		const data = { to: to.input.value.trim() };
		const account = from.input.value.trim();

		if (account)
			data.from = account;

		return { type: 'command', command: 'dial', msgid, data };
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
		said.show(sent ? 'Sent …' : NOT_SENT, sent ? 'wait' : 'bad');
		msgid = ctx.nextId();
		changed();
	}

	const element = h('article.page', {},
		h('header.page-head', {}, ctx.back(), h('h2', {}, 'Dial')),
		h('form.card.refer', { noValidate: true, onsubmit: submit,
				      oninput: changed },
		  h('div.fields', {}, targetList(), to.element, from.element,
		    h('div.submit', {}, h('button.primary', { type: 'submit' },
					  'Dial'), said.element)),
		  h('div.preview', {},
		    h('div.preview-head', {}, h('h3', {}, 'Will be sent'),
		      copyButton(() => JSON.stringify(message()))), json)));
	changed();

	return { element, update() {}, focus: () => to.input.focus() };
}

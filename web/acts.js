/**
 * @file acts.js  The forms that dial and play a file, and the button that
 *                cancels a transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { h, keyed, NOT_SENT, OBSERVER, setProp, setText } from './dom.js';
import { field, lastTargets, SendForm, targetList } from './fields.js';
import { membersOf } from './members.js';
import { callTransfers, mayControl } from './model.js';
import { playFromDraft } from './verb.js';


/* The gateways of all machines, and the labels of machines. */
function places(model)
{
	const members = membersOf(model);
	const nodes = [...model.nodes, ...members.flatMap((m) =>
		Array.isArray(m.nodes) ? m.nodes : [])]
		.filter((n) => n.connected !== false && n.can !== false)
		.map((n) => n.node);
	const labels = members.flatMap((m) => m.labels || []);
	const list = (kind, names) => [...new Set(names)].sort().map((name) =>
		({ value: `${kind}:${name}`, text: `${kind} ${name}` }));

	return [{ value: '', text: 'the gateway with the fewest calls' },
		...list('node', nodes), ...list('label', labels)];
}


/* The choice of the gateway for the call: {element, chosen, update}. */
function placeField({ model })
{
	const select = h('select', { id: 'place' });
	const element = h('div.field', { hidden: true },
			  h('label', { for: 'place' }, 'Gateway'), select);

	return { element, select, chosen() {
		const [, kind, name] = /^(node|label):(.*)$/s.exec(
			select.value) || [];

		return kind ? { [kind]: name } : {};
	}, update() {
		const list = places(model);

		keyed(select, list, (p) => p.value,
		      ({ value }) => h('option', { value }),
		      (el, { text }) => setText(el, text));
		setProp(element, 'hidden', list.length < 3);
	} };
}


function dialForm(ctx, to, from, place)
{
	return new SendForm(ctx, {
		label: 'Dial', inputs: { to },
		fields: [targetList(), to.element, from.element, place.element],
		read() {
			const data = { to: to.input.value.trim(),
				       ...place.chosen() };
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
			   'address of an account; empty: the first account');
	const place = placeField(ctx);
	const form = dialForm(ctx, to, from, place);

	return { element: h('article.page', {}, h('header.page-head', {},
			ctx.back(), h('h2', {}, 'Dial')),
		mayControl(ctx.model) ? h('div.card', {}, form.element) :
			h('p.hint', {}, OBSERVER)),
	update() {
		place.update();
		form.update();
	}, focus: () => to.input.focus() };
}


/** The form that plays a file to a call: {element, update} */
export function playForm(ctx, call)
{
	const inputs = {
		url: field('File', { placeholder: 'welcome.wav' },
			   'a WAV file below baresip’s audio_path'),
		loop: field('How often', { placeholder: '1' },
			    'a number, or forever'),
		actionHook: field('Play hook', {}, 'gets a message at the end'),
	};
	const form = new SendForm(ctx, {
		label: 'Play', inputs,
		fields: [h('div.grid', {}, Object.values(inputs).map((f) =>
			f.element)), h('p.hint', {}, 'The file replaces ' +
			'the running verb: a transfer in progress is ' +
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


/** Whether a verb is transferring a call */
export function isTransferring(model, sid)
{
	const begun = ({ dir }) => dir === 'in';

	return Boolean(model.starting.get(sid)?.some(begun)) ||
		callTransfers(model, sid).some((t) => !t.outcome);
}


/** A button that cancels the transfer of a call: {button, said, update} */
export function cancelButton(ctx, sid)
{
	const said = h('p.result', { role: 'status', hidden: true });
	const say = (text, kind) => {
		setText(said, text);
		said.dataset.kind = kind;
		setProp(said, 'hidden', !text);
	};
	const button = h('button.small.danger', { type: 'button', onclick() {
		const sent = ctx.send({ type: 'command',
			command: 'transfer:cancel', callSid: sid,
			msgid: ctx.nextId() }, {
			ack: () => say(''),
			error: (data) => {
				say(data.error, 'bad');
				ctx.changed();
			} });

		say(sent ? '' : NOT_SENT, 'bad');
	} }, 'Cancel transfer');

	return { button, said, update() {
		setProp(button, 'hidden', !mayControl(ctx.model) ||
			!isTransferring(ctx.model, sid));
	} };
}

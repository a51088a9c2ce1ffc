/**
 * @file sending.js  A form that shows what it will send, and sends it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { copyButton, h, jsonNodes, NOT_SENT, setProp } from './dom.js';
import { result } from './fields.js';


/** What was typed, beside it the JSON that will be sent */
export class SendForm {
	/**
	 * @param ctx       Context of the page
	 * @param label     Of the button that sends
	 * @param fields    Elements to type into
	 * @param inputs    By name: what field() made, to show errors in
	 * @param read      Gives {message, errors}, errors by name
	 * @param accepted  Called with the ack, and with what was added
	 */
	constructor(ctx, { label, fields, inputs, read, accepted })
	{
		Object.assign(this, { ctx, inputs, read, accepted,
				      msgid: ctx.nextId(), touched: false,
				      said: result() });
		this.json = h('pre.json', { tabIndex: 0, 'aria-label':
			`JSON that ${label} will send` });
		this.button = h('button.primary', { type: 'submit' }, label);
		this.buttons = h('div.submit', {}, this.button,
				 this.said.element);
		this.preview = h('div.preview', {}, h('div.preview-head', {},
			h('h3', {}, 'Will be sent'), copyButton(() =>
				JSON.stringify(this.message()))), this.json);
		this.element = h('form.refer', {
			noValidate: true, oninput: () => this.changed(),
			onsubmit: (event) => {
				event.preventDefault();
				this.send();
			} }, h('div.fields', {}, fields, this.buttons),
		this.preview);
		this.changed();
	}

	message()
	{
		return { ...this.read().message, msgid: this.msgid };
	}

	/* What is missing is said once the form was to be sent, what is wrong
	   at once. */
	changed()
	{
		const { errors } = this.read();

		for (const [name, f] of Object.entries(this.inputs))
			f.show(this.touched || f.input.value ? errors[name] :
				'');
		this.json.replaceChildren(...jsonNodes(this.message()));
		this.onchanged?.(errors);

		return !Object.keys(errors).length;
	}

	/**
	 * Send what the form holds, and tell here what referd says to it
	 *
	 * @param more  What is sent with it
	 *
	 * @return The message, null if none went out
	 */
	send(more = {})
	{
		this.touched = true;
		if (!this.changed()) {
			this.element.querySelector('.wrong input').focus();
			return null;
		}

		const message = { ...this.message(), ...more };
		const sent = this.ctx.send(message, {
			ack: (msg) => {
				this.said.show('Accepted by referd.', 'good');
				this.accepted?.(msg, more);
			},
			error: (data) => this.said.show(data.error, 'bad'),
		});
		this.said.show(sent ? 'Sent …' : NOT_SENT,
			       sent ? 'wait' : 'bad');
		this.msgid = this.ctx.nextId();
		this.changed();

		return sent ? message : null;
	}

	update()
	{
		for (const button of this.buttons.querySelectorAll('button'))
			setProp(button, 'disabled', !this.ctx.link.connected);
	}
}

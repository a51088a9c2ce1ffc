/**
 * @file console.js  The messages themselves, and a form to send one
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { liveCalls, mayControl } from './model.js';
import { $, h, jsonNodes, NOT_SENT, OBSERVER, setProp, setText }
	from './dom.js';
import { attemptText } from './legs.js';
import { targetsOf } from './rows.js';
import { party, timeOfDay } from './words.js';

/* Lines in the page. The model keeps more. */
const LINES_MAX = 500;


function short(id)
{
	return String(id ?? '').slice(0, 8);
}


/* The most important facts of a message. */
function gist(msg)
{
	const d = msg.data && !Array.isArray(msg.data) ? msg.data : {};

	return [
		msg.member, msg.command, msg.verb &&
			targetsOf(msg).map(party).join(', '), msg.hook, d.hook,
		d.event, d.verb, d.step, d.transfer_event, d.transfer_result,
		d.outcome, attemptText(d),
		d.call_status || d.refer_status || d.referStatus,
		d.final_referred_call_status, d.state, d.reason, d.error,
		d.count && `${d.count} messages`,
		Array.isArray(msg) ? `${msg.length} verbs` : '',
	].filter(Boolean).join(' · ');
}


function typeOf(msg)
{
	return msg?.type || msg?.verb || (Array.isArray(msg) ? 'verbs' :
		typeof msg === 'string' ? 'text' : 'message');
}


function lineText(entry)
{
	return (typeof entry.msg === 'string' ? entry.msg :
		JSON.stringify(entry.msg)).toLowerCase();
}


function makeLine(entry)
{
	const { msg } = entry;
	const detail = h('pre.json', { hidden: true, tabIndex: 0 });
	const head = h('button.line', { type: 'button',
				       'aria-expanded': 'false', onclick() {
		detail.hidden = !detail.hidden;
		head.setAttribute('aria-expanded', !detail.hidden);
		if (!detail.firstChild)
			detail.append(...jsonNodes(msg));
	} },
		h('time', {}, timeOfDay(entry.time, true)),
		h('span.dir', { title: entry.dir === 'in' ? 'from referd' :
			'to referd' }, entry.dir === 'in' ? '←' : '→'),
		h('b.type', {}, typeOf(msg)),
		h('span.sid', {}, short(msg?.call_sid || msg?.callSid)),
		h('span.gist', {}, gist(msg)));
	const el = h('li', {}, head, detail);

	el.dataset.dir = entry.dir;
	el.dataset.type = typeOf(msg);
	el.entry = entry;

	return el;
}


/* The newest line is the last one. It stays in view until the user scrolls up.
   */
class LogView {
	constructor(ctx)
	{
		this.ctx = ctx;
		this.list = $('log');
		this.filter = $('log-filter');
		this.next = 0;
		this.follow = true;
		this.list.onscroll = () => {
			this.follow = this.list.scrollHeight -
				this.list.scrollTop -
				this.list.clientHeight < 40;
		};
		this.sizes = new ResizeObserver(() => this.toEnd());
		this.sizes.observe(this.list);
		this.filter.oninput = () => this.refill();
	}

	wanted(entry)
	{
		const word = this.filter.value.trim().toLowerCase();

		return !word || lineText(entry).includes(word);
	}

	toEnd()
	{
		if (this.follow)
			this.list.scrollTop = this.list.scrollHeight;
	}

	refill()
	{
		this.next = 0;
		this.list.replaceChildren();
		this.update();
	}

	update()
	{
		const { list } = this;
		const { log, logged } = this.ctx.model;
		if (this.next === logged)
			return;

		list.append(...log.filter((e) => e.n >= this.next &&
					  this.wanted(e)).slice(-LINES_MAX)
			.map(makeLine));
		this.next = logged;

		while (list.children.length > LINES_MAX)
			list.firstElementChild.remove();
		this.toEnd();
		setText($('log-count'), `${logged}`);
	}
}


/* Messages of the protocol, for the newest live call. */
function examples(model)
{
	const call_sid = liveCalls(model)[0]?.call_sid || 'CALL_SID';
	const refer = { verb: 'sip:refer', referTo: '+49301234' };
	const target = [{ type: 'phone', number: '+49301234' },
			{ type: 'user', name: '100' }];

	return {
		'sip:refer': { ...refer, call_sid },
		'sip:refer, all fields': {
			...refer, id: 'unique-id-123',
			referredBy: 'sip:caller@example.com',
			actionHook: '/action', eventHook: '/event',
			headers: { 'X-Custom-Header': 'Value' },
			uui: { data: '48656c6c6f', encoding: 'hex' }, call_sid,
		},
		'sip:refer, several targets': {
			...refer, referTo: ['100', '+49301234'],
			onUnknown: 'next', call_sid,
		},
		'transfer, blind': {
			verb: 'transfer', mode: 'blind', target, timeout: 20,
			disposition: { onNoAnswer: 'voicemail', voicemailUrl:
				'sip:mail@example.com' },
			actionHook: '/done', call_sid,
		},
		'transfer, warm': {
			verb: 'transfer', mode: 'warm', target,
			confirm: { prompt: 'press1.wav', digit: '1' },
			onHoldHook: '/hold', actionHook: '/done', call_sid,
		},
		'sip:request': {
			verb: 'sip:request', method: 'INFO', body: 'Signal=1',
			headers: { 'Content-Type': 'application/dtmf-relay' },
			actionHook: '/answer', call_sid,
		},
		'answer, then transfer': {
			call_sid, verbs: [{ verb: 'answer' }, refer],
		},
		play: { verb: 'play', url: 'welcome.wav', loop: 1, call_sid },
		pause: { verb: 'pause', length: 2, call_sid },
		hangup: { verb: 'hangup', call_sid },
		'sip:decline': { verb: 'sip:decline', status: 486, call_sid },
		'sip:decline that deflects': {
			verb: 'sip:decline', status: 302,
			contact: 'sip:bob@example.com', call_sid,
		},
		'command transfer:cancel': {
			type: 'command', command: 'transfer:cancel',
			callSid: call_sid,
		},
		'command redirect': {
			type: 'command', command: 'redirect',
			callSid: call_sid, queueCommand: false,
			data: [{ verb: 'hangup' }],
		},
		'command call:status': {
			type: 'command', command: 'call:status',
			callSid: call_sid, data: { call_status: 'completed' },
		},
		'command dial': {
			type: 'command', command: 'dial', msgid: '1',
			data: { to: 'sip:bob@example.com' },
		},
		'ack with verbs': {
			type: 'ack', msgid: 'h-18', data: [{ verb: 'hangup' }],
		},
	};
}


function sendForm(ctx)
{
	const select = $('send-example');
	const text = $('send-text');
	const note = $('send-note');

	select.append(h('option', { value: '' }, 'examples …'),
		      ...Object.keys(examples(ctx.model)).map((name) =>
			h('option', { value: name }, name)));
	select.onchange = () => {
		const msg = examples(ctx.model)[select.value];
		if (msg)
			text.value = JSON.stringify(msg, null, 2);
		text.rows = Math.min(14, text.value.split('\n').length);
		select.value = '';
		note.textContent = '';
		text.focus();
	};

	$('send').onsubmit = (event) => {
		event.preventDefault();
		submit(ctx, text.value, note);
	};
}


/* Any text is sent: the user may want to see the answer of referd to it. */
function submit(ctx, text, note)
{
	let msg = text;

	if (!text.trim()) {
		note.textContent = 'There is nothing to send.';
		return;
	}

	try {
		msg = JSON.parse(text);
		note.textContent = 'Sent.';
	}
	catch (error) {
		note.textContent = `Sent as text: it is not JSON (${
			error.message}).`;
	}

	if (!ctx.send(msg))
		note.textContent = NOT_SENT;
}


/** Make the console; returns its update */
export function messageConsole(ctx)
{
	const log = new LogView(ctx);
	sendForm(ctx);
	ctx.maskChanged = () => log.refill();

	return () => {
		const may = mayControl(ctx.model);

		for (const el of $('send').elements)
			setProp(el, 'disabled', !may);
		if (!may)
			setText($('send-note'), OBSERVER);
		log.update();
	};
}

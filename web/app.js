/**
 * @file app.js  Wires link, model and views together
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { Link } from './link.js';
import { allTransfers, createModel, liveCalls, modelHistory, modelReceive,
	modelSent } from './model.js';
import { $, h, keyed, setProp, setText } from './dom.js';
import { callList } from './calls.js';
import { messageConsole } from './console.js';
import { detailPage } from './pages.js';
import { transferList } from './transfers.js';

/* Milliseconds between two looks at the running clocks. */
const TICK = 500;

/* Answers that a form still listens for. */
const WAITING_MAX = 20;

const ctx = {
	model: createModel(),
	route: {},		/* what the address after # names */
	shownTransfer: '',	/* id of the transfer in the detail */
	waiting: new Map(),	/* msgid to what awaits its answer */
	follow: '',		/* call_sid whose next transfer to show */
	changed, send, nextId, followTransfer, go, back,
};

let drawing = false;
let views = [];


/* All changes of one turn are drawn together. */
function changed()
{
	if (drawing)
		return;

	drawing = true;
	requestAnimationFrame(() => {
		drawing = false;
		render();
	});
}


function newName()
{
	const [n] = crypto.getRandomValues(new Uint32Array(1));
	const name = `page-${n.toString(36)}`;

	try {
		sessionStorage.setItem('client', name);
	}
	catch {
		/* no storage: a reload makes another client */
	}

	return name;
}


/*
 * The name is the tab's, so that its hooks find it after a reload. A tab that
 * was duplicated has its twin's name at first.
 */
function clientName()
{
	try {
		return sessionStorage.getItem('client') || newName();
	}
	catch {
		return newName();
	}
}


function nextId()
{
	ctx.lastId = (ctx.lastId || 0) + 1;

	return `p-${ctx.lastId}`;
}


/**
 * Send a message
 *
 * @param msg     The message; a string goes out as it stands
 * @param answer  ack and error: called with what referd answers
 *
 * @return true if it went out
 */
function send(msg, answer)
{
	if (!ctx.link.send(msg))
		return false;

	modelSent(ctx.model, msg);
	if (answer && msg.msgid)
		ctx.waiting.set(msg.msgid, answer);
	if (ctx.waiting.size > WAITING_MAX)
		ctx.waiting.delete(ctx.waiting.keys().next().value);
	changed();

	return true;
}


function followTransfer(sid)
{
	ctx.follow = sid;
}


function go(hash)
{
	location.hash = hash;
}


function back()
{
	return h('a.back', { href: '#/', 'aria-label': 'Back' }, '‹');
}


/* What was accepted may still be refused when its turn comes. */
function answered(msg)
{
	const ref = msg.type === 'ack' ? msg.msgid : msg.data?.ref;
	const answer = ctx.waiting.get(ref);

	if (msg.type === 'ack')
		answer?.ack?.(msg);
	else
		answer?.error?.(msg.data || {});
}


function received(msg, fresh)
{
	if (fresh) {
		ctx.model = Object.assign(ctx.model, createModel(),
					  { log: ctx.model.log,
					   logged: ctx.model.logged });
		ctx.fresh = true;
		fetchHistory();
	}

	modelReceive(ctx.model, msg);

	if (msg.type === 'ack' || msg.type === 'jambonz:error')
		answered(msg);

	/* A person is no bot: hooks are heard, and never answered by verbs. */
	if (msg.type === 'verb:hook' && msg.msgid)
		send({ type: 'ack', msgid: msg.msgid });

	if (msg.type === 'transfer:status' && msg.data?.step === 'requested'
	    && ctx.follow === msg.call_sid) {
		ctx.follow = '';
		go(`#/transfers/${msg.data.transfer_id}`);
	}

	changed();
}


/* Transfers that ended before this page came. */
async function fetchHistory()
{
	try {
		const answer = await fetch('transfers');
		const body = answer.ok ? await answer.json() : [];
		modelHistory(ctx.model, body.transfers || body);
	}
	catch {
		/* what lives came with hello; the past is not to be had */
	}
	changed();
}


function linkText(link)
{
	switch (link.state) {

	case 'live':
		return 'Live';
	case 'behind':
		return `Catching up, ${link.behind} behind`;
	case 'connecting':
		return 'Connecting …';
	default:
		return `Disconnected${link.closeReason ?
			` (${link.closeReason})` : ''}, trying again`;
	}
}


function linkShow()
{
	const el = $('link');

	setText(el, linkText(ctx.link));
	el.dataset.state = ctx.link.state;
	document.body.classList.toggle('stale', ctx.link.state !== 'live');
}


function nodesShow()
{
	keyed($('nodes'), ctx.model.nodes, (n) => n.node,
	      () => h('span.node'), (el, n) => {
		setText(el, n.node);
		el.dataset.connected = n.connected;
		el.title = `baresip ${n.baresip || '?'}, libre ${n.libre ||
			'?'}, ${n.connected ? 'connected' : 'not connected'}`;
	});
}


function render()
{
	for (const view of views)
		view();
	linkShow();
	nodesShow();

	const up = liveCalls(ctx.model).length;
	setProp(document, 'title', up ? `(${up}) sip:refer` : 'sip:refer');
}


function routed()
{
	const [, name, id] = location.hash.split('/');

	ctx.route = name ? { [name]: id || '' } : {};
	document.body.dataset.view = name === 'console' ? 'console' :
		name ? 'detail' : 'home';
	for (const tab of document.querySelectorAll('[data-tab]')) {
		const on = (tab.dataset.tab === 'console') ===
			(name === 'console');
		tab.setAttribute('aria-current', on ? 'page' : 'false');
	}
	/* On a touch screen a focus would bring up the keyboard. */
	ctx.focusPage = name === 'dial' || (name === 'calls' &&
		matchMedia('(pointer: fine)').matches);
	changed();
}


function keyPressed(event)
{
	const typing = event.target.matches('input, textarea, select');

	if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
		event.target.form?.requestSubmit();
		return;
	}
	if (event.key === 'Escape') {
		if (typing)
			event.target.blur();
		else if (!$('keys').open)
			go('#/');
		return;
	}
	if (typing || event.ctrlKey || event.metaKey || event.altKey)
		return;

	const action = {
		'?': () => $('keys').showModal(),
		'/': () => $('transfers-filter').focus(),
		d: () => go('#/dial'), l: () => go('#/'),
		c: () => go('#/console'),
	}[event.key];
	if (action) {
		event.preventDefault();
		action();
	}
}


function wsUrl()
{
	const url = new URL('ws', location.href);

	url.protocol = url.protocol.replace('http', 'ws');
	url.hash = '';

	return url.href;
}


function start()
{
	ctx.link = { state: 'connecting', url: wsUrl() };
	views = [detailPage(ctx), callList(ctx), transferList(ctx),
		 messageConsole(ctx)];
	ctx.link = new Link({ url: wsUrl(), client: clientName(),
			      rename: newName,
			     onmessage: received, onstate: changed });

	addEventListener('hashchange', routed);
	addEventListener('keydown', keyPressed);
	addEventListener('online', () => ctx.link.hurry());
	$('help').onclick = () => $('keys').showModal();
	setInterval(() => {
		if (liveCalls(ctx.model).length ||
		    allTransfers(ctx.model).some((t) => !t.outcome))
			changed();
	}, TICK);
	routed();
}


start();

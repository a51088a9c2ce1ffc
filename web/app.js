/**
 * @file app.js  Wires link, model and views together
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { Link } from './link.js';
import { allTransfers, callTransfers, createModel, liveCalls, mayControl, modelReceive,
	modelSent } from './model.js';
import { $, h, keyed, OBSERVER, setProp, setText, stored } from './dom.js';
import { callList } from './calls.js';
import { messageConsole } from './console.js';
import { fleetView, keptView, scoped } from './fleet.js';
import { historyView } from './history.js';
import { currentToken, getJson, keepToken, takeToken } from './http.js';
import { masking } from './mask.js';
import { fleetTake, membersOf, viewValue } from './members.js';
import { overview } from './overview.js';
import { detailPage } from './pages.js';
import { modelHistory } from './told.js';
import { transferList } from './transfers.js';

/* Milliseconds between two updates of the running clocks. */
const TICK = 500;

/* Past transfers that the list of transfers asks for. */
const LATEST = 100;

const ctx = {
	model: createModel(),
	route: {},		/* the parts of the address after # */
	query: '',		/* the query of that address */
	lastList: '#/',		/* the target of Back */
	loads: new Map(),	/* transfers asked of referd */
	shownTransfer: '',	/* id of the transfer in the detail */
	waiting: new Map(),	/* msgid to the handlers of its answer */
	follow: '',		/* call_sid whose next transfer will be shown */
	view: keptView(),	/* the machines shown, in a fleet */
	changed, choose, fetchFleet, send, nextId, go, back,
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

	return stored('sessionStorage', 'client', `page-${n.toString(36)}`);
}


/* A tab keeps its name, so that its hooks find it after a reload. A duplicated
   tab has the name of the other at first. */
function clientName()
{
	return stored('sessionStorage', 'client') || newName();
}


function nextId()
{
	ctx.lastId = (ctx.lastId || 0) + 1;

	return `p-${ctx.lastId}`;
}


/**
 * Send a message, a string as it is. `answer` has the handlers ack and error
 * for the answer of referd.
 *
 * @return true if the message was sent
 */
function send(msg, answer)
{
	if (!ctx.link.send(msg))
		return false;

	modelSent(ctx.model, msg);
	if (answer && msg.msgid)
		ctx.waiting.set(msg.msgid, answer);
	changed();

	return true;
}


function go(hash)
{
	location.hash = hash;
}


function back()
{
	const past = ctx.lastList !== '#/';

	return h(past ? 'a.back.past' : 'a.back', {
		href: ctx.lastList, 'aria-label': past ? 'Back to the ' +
			'history' : 'Back' }, '‹');
}


/* A verb that referd accepted may still be refused when it starts. */
function answered(msg)
{
	if (msg.type === 'ack')
		ctx.waiting.get(msg.msgid)?.ack?.(msg);
	else
		ctx.waiting.get(msg.data.ref)?.error?.(msg.data);
}


/* A transfer begins with its REFER, or with the call to its target. */
function follow({ type, data })
{
	const [t] = callTransfers(ctx.model, ctx.follow);

	if ((type !== 'transfer:status' || data?.step !== 'requested') &&
	    (type !== 'transfer:event' || !t?.warm || t.outcome))
		return;
	ctx.follow = '';
	go(`#/transfers/${t.transfer_id}`);
}


function received(msg, fresh)
{
	if (fresh) {
		const { log, logged, fleet } = ctx.model;

		Object.assign(ctx.model, createModel(),
			      { log, logged, fleet });
		ctx.loads.clear();
		ctx.fresh = true;
	}

	modelReceive(ctx.model, msg);
	if (fresh)
		fetchHistory();

	if (msg.type === 'ack' || msg.type === 'jambonz:error')
		answered(msg);

	/* The page acknowledges each hook and never returns verbs. */
	if (msg.type === 'verb:hook' && msg.msgid)
		send({ type: 'ack', msgid: msg.msgid });

	if (ctx.follow && ctx.follow === msg.call_sid)
		follow(msg);

	changed();
}


/* Get the transfers that ended before the page was loaded. */
async function fetchHistory()
{
	const { body } = await getJson(scoped(ctx, 'transfers',
					      { limit: LATEST }));

	modelHistory(ctx.model, body || []);
	changed();
}


/* Get the state of the fleet. Messages report each change of it. */
async function fetchFleet()
{
	const { body } = await getJson('healthz');

	fleetTake(ctx.model, body?.fleet);
	changed();
}


/** Show other machines of the fleet */
function choose(view)
{
	const { scope } = ctx.view;

	ctx.view = keptView(viewValue(view));
	if (scope !== ctx.view.scope)
		ctx.link.turn();
	else
		fetchHistory();
	changed();
}


function linkText(link)
{
	switch (link.state) {

	case 'live':
		return 'Live';
	case 'behind':
		return `Catching up, ${link.behind} messages behind`;
	case 'connecting':
		return 'Connecting …';
	default:
		return `Disconnected${link.closeReason ?
			` (${link.closeReason})` : ''}, reconnecting`;
	}
}


function linkShow()
{
	const el = $('link');

	setText(el, linkText(ctx.link));
	el.dataset.state = ctx.link.state;
}


function nodesShow()
{
	const { model } = ctx;
	const nodes = model.scope === 'local' ? model.nodes :
		membersOf(model).map((m) => ({ node: m.member,
					      connected: m.reachable }));

	setProp($('role'), 'hidden', mayControl(model));
	keyed($('nodes'), nodes, (n) => n.node,
	      () => h('span.node'), (el, n) => {
		setText(el, n.node);
		el.dataset.connected = n.connected;
		el.title = n.connected ? 'connected' : 'not connected';
	});
}


function render()
{
	for (const view of views)
		view();
	linkShow();
	nodesShow();
}


const VIEWS = ['history', 'overview', 'console'];


function routed()
{
	const [path, query] = location.hash.split('?');
	const [, name, id] = path.split('/');
	const view = VIEWS.includes(name) ? name : name ? 'detail' : 'home';

	ctx.route = name ? { [name]: id || '' } : {};
	ctx.query = query || '';
	document.body.dataset.view = view;
	if (name !== 'transfers')
		ctx.lastList = view === 'history' ? location.hash : '#/';

	const tab = VIEWS.includes(view) ? view :
		ctx.lastList === '#/' ? 'live' : 'history';
	for (const el of document.querySelectorAll('[data-tab]'))
		el.setAttribute('aria-current',
				el.dataset.tab === tab ? 'page' : 'false');

	/* On a touch screen a focus would open the keyboard. */
	ctx.focusPage = name === 'dial' || (view === 'detail' &&
		matchMedia('(pointer: fine)').matches);
	changed();
}


/* A browser hides the reason for a refused WebSocket. HTTP shows it. */
function refused()
{
	getJson('calls');
}


function tokenGiven()
{
	keepToken($('auth-token').value.trim());
	$('auth-token').value = '';
	ctx.loads.clear();
	ctx.link.hurry();
	routed();
}


function maskShow(on)
{
	masking(stored('localStorage', 'mask', on) === 'on');
	$('mask').setAttribute('aria-pressed', masking());
	ctx.fresh = true;
	ctx.maskChanged?.();
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
		else if (!document.querySelector('dialog[open]'))
			go(ctx.lastList);
		return;
	}
	if (typing || event.ctrlKey || event.metaKey || event.altKey)
		return;

	const action = {
		'?': () => $('keys').showModal(),
		'/': () => {
			go(ctx.route.history === undefined ? '#/history' :
				location.hash);
			setTimeout(() => $('history-q').focus());
		},
		d: () => go('#/dial'), l: () => go('#/'),
		h: () => go('#/history'), o: () => go('#/overview'),
		c: () => go('#/console'), n: maskToggle,
		f: () => $('scope').focus(),
	}[event.key];
	if (action) {
		event.preventDefault();
		action();
	}
}


/* Without a choice the system decides. */
function themeShow(theme)
{
	document.documentElement.dataset.theme =
		stored('localStorage', 'theme', theme);
}


function themeToggle()
{
	const dark = document.documentElement.dataset.theme ||
		(matchMedia('(prefers-color-scheme: dark)').matches && 'dark');

	themeShow(dark === 'dark' ? 'light' : 'dark');
}


function maskToggle()
{
	maskShow(masking() ? '' : 'on');
}


function wsUrl()
{
	const url = new URL('ws', location.href);

	url.protocol = url.protocol.replace('http', 'ws');

	return url.href;
}


function start()
{
	ctx.link = { state: 'connecting', url: wsUrl() };
	themeShow();
	takeToken();
	maskShow();
	views = [detailPage(ctx), callList(ctx), transferList(ctx),
		 messageConsole(ctx), historyView(ctx), overview(ctx),
		 fleetView(ctx)];
	ctx.link = new Link({ url: wsUrl(), client: clientName(),
			      rename: newName, token: currentToken,
			      onrefused: refused,
			      wanted: () => ctx.view.scope,
			     onmessage: received, onstate: changed });

	/* without a token, referd waits for a frame that has one */
	refused();

	addEventListener('hashchange', routed);
	addEventListener('keydown', keyPressed);
	addEventListener('online', () => ctx.link.hurry());
	$('role').title = OBSERVER;
	$('auth').onclose = tokenGiven;
	$('theme').onclick = themeToggle;
	$('mask').onclick = maskToggle;
	$('help').onclick = () => $('keys').showModal();
	setInterval(() => {
		if (liveCalls(ctx.model).length ||
		    allTransfers(ctx.model).some((t) => !t.outcome))
			changed();
	}, TICK);
	routed();
}


start();

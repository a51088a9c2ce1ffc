/**
 * @file guide.js  How to get a call, while no call is up
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { $, facts, h, setProp } from './dom.js';
import { ofView } from './fleet.js';
import { masking } from './mask.js';
import { mayControl } from './model.js';

/* Gateways whose addresses are shown. */
const GATEWAYS_MAX = 4;


function loading()
{
	return [h('p', {}, h('b', {}, 'No baresip is connected.'), ' Add these' +
		' two lines to ~/.baresip/config, then restart baresip:'),
	h('pre.json', { tabIndex: 0, 'aria-label': 'Lines of the config' },
	  'module_app      sip_refer.so\ncall_max_calls  200')];
}


function calling(ctx, nodes)
{
	const more = nodes.length - GATEWAYS_MAX;

	return [h('p', {}, h('b', {}, 'No call is up.'), ' Call a gateway:'),
		h('dl.facts', {}, facts(Object.fromEntries(nodes.slice(0,
			GATEWAYS_MAX).map((n) => [n.node, n.aor || n.member ||
			'its address is not known'])))),
		more > 0 ? h('p', {}, `${more} more are connected.`) : '',
		mayControl(ctx.model) ? h('p', {}, 'Or ', h('a', {
			href: '#/dial' }, 'dial out'), ' from a gateway.') : ''];
}


function content(ctx, nodes)
{
	return [...nodes.length ? calling(ctx, nodes) : loading(),
		h('p', {}, 'Without a phone: scripts/demo.sh starts a carrier ' +
			'that calls in.'),
		h('p', {}, h('a', { href: '#/console' }, 'Connect a bot'),
		  ` to ${ctx.link.url}: docs/protocol.md describes the messages.`)];
}


/** Make the guide; returns its update, which takes whether a call is up */
export function callGuide(ctx)
{
	const el = $('calls-empty');
	let shown = '';

	return (isUp) => {
		const { model } = ctx;
		const nodes = ofView(ctx, model.nodes).filter((n) =>
			n.connected);
		const now = JSON.stringify([nodes.map((n) => [n.node, n.aor,
			n.member]), model.role, masking()]);

		/* before hello nothing is known */
		setProp(el, 'hidden', isUp || !model.version);
		if (now !== shown)
			el.replaceChildren(...content(ctx, nodes).filter(
				Boolean));
		shown = now;
	};
}

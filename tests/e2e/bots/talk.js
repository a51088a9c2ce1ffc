/**
 * @file talk.js  A conversation, for both packages' sessions
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { log, wish } from './log.js';


function refer(session, target)
{
	const verb = (session.sipRefer ?? session.sip_refer).bind(session);

	verb({ referTo: target, actionHook: '/action', eventHook: '/event' });
}


function listenTo(session)
{
	const targets = wish.targets.slice(1);

	session.on('/event', (data) => {
		log('event', { data });
		if (!wish.mute)
			session.reply();
	});
	session.on('/action', (data) => {
		log('action', { data });

		const target = data.final_referred_call_status === 200 ?
			null : targets.shift();

		if (target) {
			session.play({ url: wish.file });
			refer(session, target);
		}
		session.reply();
	});
	for (const type of ['call:status', 'verb:status', 'jambonz:error'])
		session.on(type, (data) => log(type, { data }));
	session.on('close', (code) => log('close', { code }));
	session.on('error', (err) => log('error', { err: `${err}` }));
}


/** A call begins: answer, greet, transfer. */
export function talk(session, type)
{
	log(type, { data: session.data });
	listenTo(session);

	if (wish.silent)
		return;
	if (type === 'session:reconnect') {
		session.reply();
		return;
	}

	for (const [verb, fields] of wish.first ?? [])
		session[verb](fields);
	if (!wish.first) {
		session.answer();
		session.play({ url: wish.file });
		refer(session, wish.targets[0]);
	}
	session.send();
	if (wish.leaves)
		setTimeout(() => session.ws.close(1000), 500);
}

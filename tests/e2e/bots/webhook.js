/**
 * @file webhook.js  A bot on @jambonz/sdk, over HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createServer } from 'node:http';
import { WebhookResponse } from '@jambonz/sdk/webhook';
import { log, wish } from './log.js';

const targets = [...wish.targets];


function answer()
{
	const app = new WebhookResponse();

	if (wish.first) {
		for (const [verb, fields] of wish.first)
			app[verb](fields);
		return app;
	}

	app.answer().play({ url: wish.file });
	app.sipRefer({ referTo: targets.shift(), actionHook: '/action',
		eventHook: '/event' });

	return app;
}


function action({ final_referred_call_status: status })
{
	const app = new WebhookResponse();

	if (status !== 200 && targets.length)
		return answer();

	return app.hangup();
}


const routes = { '/bot': answer, '/action': action };

/* The package's own middleware */
const verify = WebhookResponse.verifySignature(wish.secret ?? '');


createServer(async (request, response) => {
	let body = '';

	for await (const part of request)
		body += part;

	const data = JSON.parse(body || '{}');
	const { authorization } = request.headers;
	let signature;

	verify({ headers: request.headers, body: data }, null, (err) => {
		signature = err ? err.message : 'verified';
	});
	log(request.url.slice(1), { data, authorization, signature });

	const app = routes[request.url]?.(data);

	response.writeHead(app ? 200 : 204,
		{ 'Content-Type': 'application/json' });
	response.end(app ? JSON.stringify(app) : '');
}).listen(wish.port, wish.ip ?? '127.0.0.1', function () {
	log('listening', { port: this.address().port });
});

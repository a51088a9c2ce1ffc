/**
 * @file sipjs.js  A phone with SIP.js: `node sipjs.js WS-URL SIP-URI`
 *
 * It answers every call, and accepts every REFER, as in SIP.js's reference.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { WebSocket } from 'ws';
import { sdp } from './media.js';

globalThis.WebSocket = WebSocket;

const { Registerer, UserAgent } = await import('sip.js');
const [, , url, uri] = process.argv;


/* A description handler without media. */
function description()
{
	return {
		close() {},
		hasDescription: () => true,
		getDescription: async () =>
			({ body: sdp, contentType: 'application/sdp' }),
		setDescription: async () => {},
	};
}


async function refer(referral)
{
	await referral.accept();
	await referral.makeInviter().invite();
}


const agent = new UserAgent({
	uri: UserAgent.makeURI(uri),
	transportOptions: { server: url },
	sessionDescriptionHandlerFactory: description,
	delegate: {
		onInvite(invitation) {
			invitation.delegate = { onRefer: refer };
			invitation.accept();
		},
	},
});

await agent.start();

const registerer = new Registerer(agent);

registerer.stateChange.addListener((state) =>
	console.log(state.toLowerCase()));
await registerer.register();

/**
 * @file jssip.js  A phone with JsSIP: `node jssip.js WS-URL SIP-URI`
 *
 * It answers every call, and accepts every REFER, as in JsSIP's reference.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { WebSocket } from 'ws';
import { PeerConnection, SessionDescription } from './media.js';

/* The objects of a browser that JsSIP needs */
Object.assign(globalThis, { window: globalThis, WebSocket,
	RTCPeerConnection: PeerConnection,
	RTCSessionDescription: SessionDescription });

const { default: JsSIP } = await import('jssip');
const [, , url, uri] = process.argv;
const silent = { mediaConstraints: { audio: false, video: false } };
const agent = new JsSIP.UA({ uri, register: true, session_timers: false,
	sockets: [new JsSIP.WebSocketInterface(url)] });

agent.on('registered', () => console.log('registered'));
agent.on('newRTCSession', ({ originator, session }) => {
	if (originator !== 'remote')
		return;

	session.on('refer', ({ accept }) => accept(() => {}, silent));
	session.answer(silent);
});
agent.start();

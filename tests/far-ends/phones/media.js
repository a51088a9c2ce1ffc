/**
 * @file media.js  The part of WebRTC that a phone without audio needs
 *
 * Copyright (C) 2026 the sip_refer authors
 */

const ADDRESS = '10.77.0.30';

/** A fixed SDP in place of the description of a browser. */
export const sdp = ['v=0', `o=- 1 1 IN IP4 ${ADDRESS}`, 's=-',
	`c=IN IP4 ${ADDRESS}`, 't=0 0', 'm=audio 40000 RTP/AVP 0',
	'a=rtpmap:0 PCMU/8000', ''].join('\r\n');


/** A description; only its text is used. */
export class SessionDescription {
	constructor({ type, sdp: text })
	{
		this.type = type;
		this.sdp = text;
	}
}


/** Accepts every description, and has all candidates from the start. */
export class PeerConnection extends EventTarget {
	iceGatheringState = 'complete';
	iceConnectionState = 'connected';
	signalingState = 'stable';

	async createOffer()
	{
		return new SessionDescription({ type: 'offer', sdp });
	}

	async createAnswer()
	{
		return new SessionDescription({ type: 'answer', sdp });
	}

	async setLocalDescription(description)
	{
		this.localDescription = description;
	}

	async setRemoteDescription(description)
	{
		this.remoteDescription = description;
	}

	addTrack()
	{
	}

	getSenders()
	{
		return [];
	}

	close()
	{
		this.signalingState = 'closed';
	}
}

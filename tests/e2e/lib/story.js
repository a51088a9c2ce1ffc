/**
 * @file story.js  The model of the page, and messages for it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { importWeb } from './web.js';

const { createModel, modelReceive, allTransfers, sentence, rowsOf } =
	await importWeb('model', 'words', 'rows');

export const T0 = Date.parse('2026-01-31T10:00:00.000Z');
export const REQUESTED = { transfer_id: 't1', verb_id: 'v1', step: 'requested',
	refer_to: 'sip:+49301234@10.0.0.1',
	referred_by: 'sip:caller@example.com' };

export const FLEET = { state: 'up', lag: 0, epoch: 'E',
	member: 'gw1', members: [
		{ member: 'gw2', reachable: true, view: false },
		{ member: 'gw1', reachable: true, view: true }] };


/** A model that receives messages at given times, in ms from the start. */
export class Story {
	constructor()
	{
		this.model = createModel();
		this.seq = 100;
	}

	at(ms, type, data, more = {})
	{
		const time = new Date(T0 + ms).toISOString();

		modelReceive(this.model, { type, seq: ++this.seq, time,
			call_sid: 'c1', ...more, data }, T0 + ms);

		return this;
	}

	call(more)
	{
		return this.at(0, 'session:new', { direction: 'inbound',
			from: '+4930123456', to: '100', call_status: 'ringing',
			node: 'gw1', ...more })
			.at(10, 'call:status', { call_status: 'in-progress' });
	}

	step(ms, fields)
	{
		this.data = { ...this.data, ...fields };

		return this.at(ms, 'transfer:status', this.data);
	}

	requested()
	{
		this.data = {};

		return this.call().at(90, 'verb:status', { event: 'starting',
			verb: 'sip:refer', id: 'v1' }).step(100, REQUESTED);
	}

	accepted()
	{
		return this.requested().step(150, { step: 'accepted',
			refer_status: 202, reason: 'Accepted' });
	}

	ringing()
	{
		return this.accepted().step(1000, { step: 'progress',
			call_status: 180, reason: 'Ringing' });
	}

	end(ms, outcome, evidence, fields)
	{
		return this.step(ms, { step: 'ended', outcome, evidence,
			...fields });
	}

	get transfer()
	{
		return allTransfers(this.model)[0];
	}

	get sentence()
	{
		return sentence(this.transfer, T0 + 5000);
	}

	get labels()
	{
		return rowsOf(this.transfer).map((r) => r.label);
	}
}

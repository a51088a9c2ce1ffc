/**
 * @file model-form.test.js  The page without a browser: the verbs of its forms
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import schema from '@jambonz/schema';
import { importWeb } from './lib/web.js';

const { emptyDraft, emptyTransfer, verbFromDraft, transferFromDraft,
	playFromDraft } = await importWeb('verb');

/* The text after the label of an invalid field */
const REQUIRED = 'is required';
const CONTROL = 'must not contain control characters';
const TARGET = 'must be a sip:, sips: or tel: URI, or a number';
const SECONDS = 'must be a number of seconds';


test('a form makes the verb, and says what is wrong where it is', () => {
	const make = (fields) => verbFromDraft({ ...emptyDraft(), ...fields });

	assert.deepEqual(make({ referTo: ' +49 30 1234 ' }), {
		verb: { verb: 'sip:refer', referTo: '+49 30 1234' },
		errors: {} });
	assert.deepEqual(make({ referTo: '100', id: 'x', eventHook: '/event',
		headers: [['X-A', '1'], ['', '']] }).verb,
	{ verb: 'sip:refer', referTo: '100', id: 'x', eventHook: '/event',
		headers: { 'X-A': '1' } });

	assert.deepEqual(make({ replaces: 'c2', notify: '2.5',
		targetHeaders: [['X-A', '1']] }), {
		verb: { verb: 'sip:refer', replaces: 'c2',
			targetHeaders: { 'X-A': '1' },
			timeouts: { notify: 2.5 } },
		errors: {} });

	assert.deepEqual(make({ referTo: '1',
		actionHook: '{"url":"http://x/","method":"GET"}' }).verb
		.actionHook, { url: 'http://x/', method: 'GET' });

	assert.deepEqual(make({ referTo: '1', force: true }).verb, {
		verb: 'sip:refer', referTo: '1', force: true });

	const wrong = [
		[{}, 'referTo', REQUIRED],
		[{ referTo: '1', eventHook: '{"url"' }, 'eventHook',
			'must be JSON with a url'],
		[{ referTo: '1', eventHook: '{"uri":"x"}' }, 'eventHook',
			'must be JSON with a url'],
		[{ referTo: 'a\r\nX: y' }, 'referTo', CONTROL],
		[{ referTo: '<sip:bob@x' }, 'referTo', TARGET],
		[{ referTo: 'sip:' }, 'referTo', TARGET],
		[{ referTo: 'http://x/' }, 'referTo', TARGET],
		[{ referTo: 'bob alice' }, 'referTo', TARGET],
		[{ referTo: '1', referredBy: 'mailto:a@b' }, 'referredBy',
			TARGET],
		[{ referTo: '1', id: 'a\u0000b' }, 'id', CONTROL],
		[{ referTo: '1', headers: [['A', '1'], ['a', '2']] },
			'headers.1', 'a is there twice'],
		[{ referTo: '1', headers: [['X Y', '1']] }, 'headers.0',
			'X Y is not a header name'],
		[{ referTo: '1', headers: [['X', 'a\nb']] }, 'headers.0',
			`X ${CONTROL}`],
		[{ referTo: '1', notify: '0' }, 'notify', SECONDS],
		[{ referTo: '1', ringing: 'long' }, 'ringing', SECONDS],
	];
	for (const [fields, field, error] of wrong)
		assert.deepEqual(make(fields).errors, { [field]: error });

	for (const referTo of ['sip:bob@example.com', 'tel:+4930;ext=1',
		'"B" <sips:b@x>', '+49 (30) 12-34', 'bob', 'bob@x:5070'])
		assert.deepEqual(make({ referTo }).errors, {}, referTo);
});


test('a form makes a list of targets, and User-to-User', () => {
	const make = (fields) => verbFromDraft({ ...emptyDraft(),
		referTo: '100', ...fields });

	assert.deepEqual(make({ others: ' 200 \n\n', onUnknown: 'next' }), {
		verb: { verb: 'sip:refer', referTo: ['100', '200'],
			onUnknown: 'next' }, errors: {} });
	assert.deepEqual(make({ others: '\n', onUnknown: 'next' }).verb,
		{ verb: 'sip:refer', referTo: '100' });

	const uui = (text) => make({ uui: text });
	assert.deepEqual(uui('48656c;purpose=isdn-uui; encoding=hex'), {
		verb: { verb: 'sip:refer', referTo: '100', uui: {
			data: '48656c', purpose: 'isdn-uui', encoding: 'hex' },
		}, errors: {} });
	assert.deepEqual(uui('any text;encoding=x').errors, {});

	const hex = 'must be hex digits, two for each octet';
	const names = 'must be data, then ;encoding=, ;purpose= or ' +
		';content= with a name';

	for (const [{ errors }, field, error] of [
		[make({ others: 'http://x/' }), 'others',
			`${TARGET}; “http://x/” is not`],
		[make({ others: '1\n2\n3\n4\n5\n6\n7\n8' }), 'others',
			'must have at most 7 lines'],
		[make({ others: '200', replaces: 'c2' }), 'referTo',
			'must be the only target of an attended transfer'],
		[uui('4'), 'uui', hex], [uui('48;purpose=a b'), 'uui', names],
		[uui('48;x=y'), 'uui', names],
		[uui(';content=isdn-uui'), 'uui', hex]])
		assert.deepEqual(errors, { [field]: error });
});


test('a form makes the verb transfer, as jambonz has it', () => {
	const make = (fields) => transferFromDraft({ ...emptyTransfer(),
		target: '+49 30 1234', ...fields });
	const blind = make({ others: 'sip:bob@x\nbob', timeout: '20',
		callerId: '100', onBusy: 'voicemail', onNoAnswer: 'hangup',
		voicemailUrl: 'sip:mail@x', headers: [['X-A', '1']],
		actionHook: '/done' });
	const warmly = make({ mode: 'warm', prompt: 'a.wav', digit: '1',
		onHoldHook: '/hold' });
	const headers = { 'X-A': '1' };

	assert.deepEqual(blind, { errors: {}, verb: { verb: 'transfer',
		mode: 'blind', blindMethod: 'refer', target: [
			{ type: 'phone', number: '+49 30 1234', headers },
			{ type: 'sip', sipUri: 'sip:bob@x', headers },
			{ type: 'user', name: 'bob', headers }],
		timeout: 20, callerId: '100', actionHook: '/done',
		disposition: { onNoAnswer: 'hangup', onBusy: 'voicemail',
			voicemailUrl: 'sip:mail@x' } } });
	assert.deepEqual(warmly, { errors: {}, verb: { verb: 'transfer',
		mode: 'warm', target: [{ type: 'phone',
			number: '+49 30 1234' }], callerPresent: false,
		confirm: { prompt: 'a.wav', digit: '1' },
		onHoldHook: '/hold' } });
	for (const { verb } of [blind, warmly])
		schema.validateVerb(verb.verb, verb);

	const key = 'must be one key: 0 to 9, * or #';

	for (const [fields, field, error] of [
		[{ target: '' }, 'target', REQUIRED],
		[{ target: 'http://x' }, 'target', TARGET],
		[{ others: 'a b' }, 'others', `${TARGET}; “a b” is not`],
		[{ timeout: '0' }, 'timeout', SECONDS],
		[{ onBusy: 'voicemail' }, 'voicemailUrl', REQUIRED],
		[{ voicemailUrl: 'mailto:a' }, 'voicemailUrl',
			'must be a sip: URI or an http(s): URL'],
		[{ mode: 'warm', digit: '1' }, 'prompt',
			'is required with a digit'],
		[{ mode: 'warm', prompt: 'a.wav' }, 'digit', key],
		[{ mode: 'warm', prompt: 'a.wav', digit: 'x' }, 'digit', key],
		[{ headers: [['', 'v']] }, 'headers.0',
			'The header needs a name']])
		assert.deepEqual(make(fields).errors, { [field]: error });
});


test('a form makes the verb play', () => {
	const make = (fields) => playFromDraft({ url: '', loop: '',
		actionHook: '', ...fields });

	assert.deepEqual(make({ url: 'a.wav', loop: '3', actionHook: '/p' }), {
		verb: { verb: 'play', url: 'a.wav', loop: 3,
			actionHook: '/p' }, errors: {} });
	const times = 'must be a number, or forever';

	for (const [fields, field, error] of [[{}, 'url', REQUIRED],
		[{ url: 'a\r\n' }, 'url', CONTROL],
		[{ url: 'a', loop: '1.5' }, 'loop', times],
		[{ url: 'a', loop: '-1' }, 'loop', times],
		[{ url: 'a', actionHook: 'a\n' }, 'actionHook', CONTROL]])
		assert.deepEqual(make(fields).errors, { [field]: error });
});

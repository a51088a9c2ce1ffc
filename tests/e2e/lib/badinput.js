/**
 * @file badinput.js  Bad inputs, and the field that each answer must name
 *
 * Copyright (C) 2026 the sip_refer authors
 *
 * Each row is [the fault, the input, the field]. Where no field is at fault, a
 * RegExp replaces the field; the sentence must match it. SID stands for the
 * call_sid of the live call.
 */

const long = (n) => 'x'.repeat(n + 1);

/* Characters that no text may contain. A NUL would cut the text short. */
const CONTROLS = {
	'CR LF': 'a\r\nX-Evil: 1', 'LF': 'a\nb', 'NUL': 'a\0b', 'TAB': 'a\tb',
	'DEL': 'a\x7fb', 'NEL, a C1 control': 'a\u0085b', 'ESC': '\x1b[31m',
};


/* Values that are wrong for any text with this limit in bytes */
function texts(max, { empty = true, object = true } = {})
{
	return {
		'a number': 17, 'a boolean': true, 'an array': ['a'],
		...object && { 'an object': { a: 1 } },
		...empty && { 'empty': '' },
		'too long': long(max),
		...CONTROLS,
	};
}


/* ... where a list of texts is valid, too */
function oneText(max)
{
	const { 'an array': _, ...others } = texts(max);

	return { ...others, 'an empty list': [],
		'a list of nine': Array(9).fill('100') };
}


/* In an optional field, "" and null mean the same as its absence */
const OPTIONAL = { empty: false };

const rowsOf = (name, values, make, field = name) =>
	Object.entries(values).map(([what, value]) =>
		[`${name}: ${what}`, make(value), field]);

const refer = (fields) => ({ verb: 'sip:refer', referTo: '100', ...fields });
const TARGETS = {
	'a URI without a host': 'sip:', 'only a user': 'sip:bob@',
	'another scheme': 'mailto:bob@example.com', 'HTTP': 'http://a.b/c',
	'a port out of range': 'sip:bob@example.com:99999',
	'no such port': 'sip:bob@example.com:sip',
	'an open bracket': '<sip:bob@example.com',
	'text behind the URI': '<sip:bob@example.com> and more',
	'an open quote': '"Bob <sip:bob@example.com>',
	'a space in the URI': 'sip:bob b@example.com',
	'a broken escape': 'sip:b%zz@example.com',
	'an escaped LF': 'sip:b%0Ab@example.com', 'an escaped NUL': 'b%00b',
	'a broken IPv6 address': 'sip:bob@[2001:db8::1',
	'tel: without a number': 'tel:', 'letters behind tel:': 'tel:bob',
};
/* Requests that a far end should not receive */
const DANGERS = {
	'a parameter behind the >': '<sip:bob@example.com>;x=1',
	'a method': 'sip:bob@example.com;method=BYE',
	'a Via': 'sip:bob@example.com?X-A=1&Via=SIP/2.0',
	'an escaped Via': 'sip:bob@example.com?%56ia=x',
	'a short Via': 'bob@example.com?v=x',
	'a Route': '"Bob" <sip:bob@example.com?Route=%3Csip:a%3E>',
	'a body': 'sip:bob@example.com?body=hello',
};
const HEADERS = {
	'a string': 'X-A: 1', 'an array': ['X-A'], 'a number': 1,
	'a boolean': true, '33 members': Object.fromEntries(Array.from(
		{ length: 33 }, (_, i) => [`X-${i}`, '1'])),
	'a name that is too long': { [long(128)]: '1' },
	'an empty name': { '': '1' }, 'a name with a space': { 'X A': '1' },
	'a name with a colon': { 'X-A:': '1' },
	'a name with CR LF': { 'X-A\r\nX-B': '1' },
	'a name that is not ASCII': { 'X-ä': '1' },
};
const VALUES = { 'an object': {}, 'an array': ['1'], 'a boolean': false,
	'too long': long(2048), ...CONTROLS };
const RESERVED = ['Via', 'v', 'FROM', 'f', 'To', 't', 'Call-ID', 'i', 'CSeq',
	'Contact', 'm', 'Max-Forwards', 'Route', 'Record-Route', 'Refer-To',
	'r', 'Referred-By', 'b', 'Event', 'o', 'Content-Length', 'l',
	'Content-Type', 'c', 'Content-Anything', 'Authorization',
	'Proxy-Authorization', 'Subscription-State', 'Expires', 'User-Agent'];


/* A field that holds header fields, in a verb or a dial from make() */
function headerRows(field, make)
{
	return [
		...rowsOf(field, HEADERS, (v) => make({ [field]: v })),
		...rowsOf(`${field}.X-A`, VALUES, (v) =>
			make({ [field]: { 'X-B': '1', 'X-A': v } })),
		...RESERVED.map((h) => [`${field}: ${h}`,
			make({ [field]: { [h]: 'a' } }), `${field}.${h}`]),
	];
}


function hookRows(field, make)
{
	const { 'an object': _, ...strings } = texts(2048, OPTIONAL);

	return [
		...rowsOf(field, strings, (v) => make({ [field]: v })),
		...rowsOf(field, { 'an object without url': {},
			'url null': { url: null },
			'an URL of metadata': { url: 'http://169.254.169.254/' } },
		(v) => make({ [field]: v }), `${field}.url`),
		...rowsOf(`${field}.url`, texts(2048),
			(url) => make({ [field]: { url } })),
		...rowsOf(`${field}.method`,
			{ ...texts(2048, OPTIONAL), 'no method': 'PUT' },
			(method) => make({ [field]: { url: '/a', method } })),
		...['username', 'password'].flatMap((key) =>
			rowsOf(`${field}.${key}`, texts(2048, OPTIONAL), (v) => make({
				[field]: { url: '/a', [key]: v } }))),
		[`${field}: metadata`, make({ [field]:
			'http://169.254.169.254/latest' }), field],
	];
}


/** Verbs: by WebSocket in both dialects, and by POST /calls/{sid}/verbs. */
export const VERBS = [
	['a verb that nobody knows', { verb: 'dance' }, 'verb'],
	['a verb in capitals', { verb: 'HANGUP' }, 'verb'],
	...rowsOf('verb', { ...texts(64), null: null }, (verb) => ({ verb })),
	...rowsOf('id', texts(256, OPTIONAL), (id) => refer({ id })),

	['referTo: missing', { verb: 'sip:refer' }, 'referTo'],
	['referTo: null', refer({ referTo: null }), 'referTo'],
	...rowsOf('referTo', { ...oneText(2048), ...TARGETS, ...DANGERS },
		(referTo) => refer({ referTo })),
	['referTo: a list with a number', refer({ referTo: ['100', 1] }),
		'referTo[1]'],
	...rowsOf('onUnknown', { 'a number': 1, 'another word': 'go' },
		(onUnknown) => refer({ referTo: ['100', '101'], onUnknown })),
	...rowsOf('referredBy', { ...texts(2048, OPTIONAL), ...TARGETS },
		(referredBy) => refer({ referredBy })),
	...rowsOf('referredByDisplayName', texts(256, OPTIONAL),
		(v) => refer({ referredByDisplayName: v })),
	...rowsOf('replaces', { ...texts(128, OPTIONAL), 'no call': 'none',
		'the call itself': 'SID' },
	(replaces) => ({ verb: 'sip:refer', replaces })),
	...headerRows('headers', refer),
	...headerRows('targetHeaders', refer),
	['targetHeaders: a body', refer({ targetHeaders: { Body: 'a' } }),
		'targetHeaders.Body'],
	['targetHeaders: with tel:', refer({ referTo: 'tel:+4930',
		targetHeaders: { 'X-A': '1' } }), 'referTo'],
	...rowsOf('timeouts', { 'a number': 5, 'an array': [5],
		'a string': '5', 'another member': { total: 5 } },
	(timeouts) => refer({ timeouts })),
	...['notify', 'ringing'].flatMap((key) => rowsOf(`timeouts.${key}`,
		{ 'a string': '5', 'zero': 0, 'negative': -1, 'too short': 0.09,
			'too long': 3601, 'huge': 1e300 },
		(v) => refer({ timeouts: { [key]: v } }))),
	...rowsOf('timeouts.unsubscribe', { 'a string': 'yes', 'a number': 1 },
		(unsubscribe) => refer({ timeouts: { unsubscribe } })),
	...rowsOf('force', { 'a string': 'true', 'a number': 1,
		'an object': {} }, (force) => refer({ force })),
	...rowsOf('dryRun', { 'a string': 'true', 'a number': 1,
		'an object': {} }, (dryRun) => refer({ dryRun })),
	...hookRows('actionHook', refer),
	...rowsOf('eventHook', { 'a number': 1, 'an array': [] },
		(eventHook) => refer({ eventHook })),

	...rowsOf('status', { 'missing': undefined, 'a string': '480',
		'too low': 299, 'too high': 700, 'a fraction': 480.5,
		'negative': -480, 'huge': 1e300 },
	(status) => ({ verb: 'sip:decline', status })),
	['contact: missing', { verb: 'sip:decline', status: 302 }, 'contact'],
	...rowsOf('contact', { ...oneText(2048), ...TARGETS },
		(contact) => ({ verb: 'sip:decline', status: 302, contact })),
	['contact: with 480', { verb: 'sip:decline', status: 480,
		contact: 'sip:bob@example.com' }, 'contact'],
	...rowsOf('reason', texts(128, OPTIONAL),
		(reason) => ({ verb: 'sip:decline', status: 480, reason })),
	['headers of sip:decline', { verb: 'sip:decline', status: 480,
		headers: { To: 'a' } }, 'headers.To'],
	['headers of hangup', { verb: 'hangup', headers: { 'X-A': 'a\nb' } },
		'headers.X-A'],
	...rowsOf('length', { 'missing': undefined, 'a string': '1',
		'negative': -0.1, 'too long': 86400.1, 'an array': [1] },
	(length) => ({ verb: 'pause', length })),
	...rowsOf('url', { 'missing': undefined, 'a number': 1, 'empty': '',
		'an empty array': [], 'one of an array': ['a.wav', 1],
		'too long': long(2048), 'a path from the root': '/etc/passwd',
		'a path that goes up': 'a/../../b.wav', 'HTTP': 'http://a/b.wav',
		...CONTROLS },
	(url) => ({ verb: 'play', url })),
	...rowsOf('loop', { 'a fraction': 1.5, 'negative': -1, 'huge': 1e300,
		'another word': 'always', 'an array': [1] },
	(loop) => ({ verb: 'play', url: 'a.wav', loop })),
	['redirect without a hook', { verb: 'redirect' }, 'actionHook'],
	...rowsOf('data', { 'missing': undefined, 'a string': 'a', 'an array': [] },
		(data) => ({ verb: 'tag', data })),
	...rowsOf('notifyEvents', { 'a string': 'yes', 'a number': 1 },
		(notifyEvents) => ({ verb: 'config', notifyEvents })),

	['the second of a list', [refer({}), { verb: 'pause', length: -1 }],
		'length'],
	['the last of a list, SIP', [refer({}), refer({ referTo: 'sip:' })],
		'referTo'],
	['a list that is empty', [], 'verbs'],
	['a list of 65', Array(65).fill({ verb: 'answer' }), 'verbs'],
	['one of the list is no object', [refer({}), 'hangup'],
		/^verbs\[1\] must be an object/],
	['one of the list is a list', [refer({}), [refer({})]],
		/^verbs\[1\] must be an object/],
	...rowsOf('call_sid', texts(128, OPTIONAL), (call_sid) => refer({ call_sid })),
	['two calls in one list', [refer({ call_sid: 'SID' }),
		refer({ call_sid: 'other' })], 'call_sid'],
	...rowsOf('msgid', texts(128, OPTIONAL), (msgid) => refer({ msgid })),
	['verbs: an object', { call_sid: 'SID', verbs: {} }, 'verbs'],
	['verbs: empty', { call_sid: 'SID', verbs: [] }, 'verbs'],
	['verbs: a string', { call_sid: 'SID', verbs: 'hangup' }, 'verbs'],
	['queueCommand: a string', { verbs: [refer({})], call_sid: 'SID',
		queueCommand: 'yes' }, 'queueCommand'],
];


/** The data of a dial: by WebSocket in both dialects, and by POST /calls. */
export const DIALS = [
	['to: missing', {}, 'to'],
	...rowsOf('to', { ...texts(1024), null: null, ...TARGETS },
		(to) => ({ to })),
	...rowsOf('from', { ...texts(1024, OPTIONAL), 'no account': 'sip:a@b.example' },
		(from) => ({ to: 'bob', from })),
	...rowsOf('node', { ...texts(1024, OPTIONAL), 'none of this name': 'gw9' },
		(node) => ({ to: 'bob', node })),
	...headerRows('headers', (fields) => ({ to: 'bob', ...fields })),
	...rowsOf('timeout', { 'a string': '30', 'zero': 0, 'negative': -1,
		'too long': 601, 'a fraction': 1.5, 'huge': 1e300 },
	(timeout) => ({ to: 'bob', timeout })),
	...rowsOf('app', { 'a number': 1, 'a path': '/app',
		'another scheme': 'ftp://a.example/' },
	(app) => ({ to: 'bob', app })),
	['app: no url', { to: 'bob', app: { method: 'GET' } }, 'app.url'],
	['call_hook: a path', { to: 'bob', call_hook: '/app' }, 'call_hook'],
];


const command = (name, data, rest) => ({ type: 'command', command: name,
	callSid: 'SID', data, ...rest });
const bytes = (...parts) => Buffer.concat(parts.map((p) => Buffer.from(p)));
const nested = (n) => '['.repeat(n) + ']'.repeat(n);

/** Text that is not a message: by WebSocket, and as the body of a POST. */
export const TEXTS = [
	['no JSON', 'nonsense', /^The message must be one JSON object/],
	['half an object', '{"verb":"hangup"', /^The message must be one JSON/],
	['two objects', '{"verb":"x"}{', /./],
	['a string', '"hangup"', /^The message must be one JSON object/],
	['a number', '17', /^The message must be one JSON object/],
	['null', 'null', /^The message must be one JSON object/],
	['true', 'true', /^The message must be one JSON object/],
	['only space', ' \r\n', /^The message must be one JSON object/],
	['half a surrogate pair', '{"verb":"\\ud800"}',
		/^The message must be one JSON object/],
	['nested 33 deep', `{"verb":"hangup","a":${nested(32)}}`,
		/^The message must not be nested deeper than 32/],
	['nested without end', nested(30_000),
		/^The message must not be nested deeper than 32/],
	['a NUL', '{"verb":"hangup",\0"call_sid":"SID"}',
		/^The message must not contain NUL/],
	['no UTF-8', bytes('{"verb":"hangup","id":"', [0xff], '"}'),
		/^The message must be UTF-8/],
	['an overlong form', bytes('{"verb":"', [0xc0, 0xaf], '"}'),
		/^The message must be UTF-8/],
	['a surrogate in UTF-8', bytes('{"verb":"', [0xed, 0xa0, 0x80], '"}'),
		/^The message must be UTF-8/],
	['beyond Unicode', bytes('{"verb":"', [0xf4, 0x90, 0x80, 0x80], '"}'),
		/^The message must be UTF-8/],
	['half a character', bytes('{"verb":"', [0xe2, 0x82], '"}'),
		/^The message must be UTF-8/],
];


/** Frames, by WebSocket in both dialects. */
export const FRAMES = [
	['an empty object', {}, 'type'],
	['the type is unknown', { type: 'dance' }, 'type'],
	['the type of ours', { type: 'hello' }, 'type'],
	...rowsOf('type', texts(128), (type) => ({ type })),
	['ack: no msgid', { type: 'ack', msgid: undefined }, 'msgid'],
	['ack: msgid null', { type: 'ack', msgid: null }, 'msgid'],
	['ack: of nothing', { type: 'ack', msgid: 'h-0' }, 'msgid'],
	['ack: with verbs, of nothing', { type: 'ack', msgid: 'h-0',
		data: [refer({})] }, 'msgid'],
	['ack: of a call that is not', { type: 'ack', msgid: 's-none',
		data: [refer({})] }, 'call_sid'],
	['ack: data is a string', { type: 'ack', msgid: 's-SID', data: 'a' },
		'data'],
	['ack: data is a number', { type: 'ack', msgid: 's-SID', data: 1 },
		'data'],
	['ack: a bad verb', { type: 'ack', msgid: 's-SID',
		data: [{ verb: 'pause' }] }, 'length'],
	['ack: a bad verb of SIP', { type: 'ack', msgid: 's-SID',
		data: [refer({ referTo: 'sip:' })] }, 'referTo'],
	['command: missing', { type: 'command' }, 'command'],
	['command: unknown', command('dance', {}), 'command'],
	...rowsOf('command', texts(128), (c) => command(c, {})),
	['callSid: unknown', command('redirect', [refer({})],
		{ callSid: 'none' }), 'call_sid'],
	...rowsOf('callSid', { 'a number': 1, 'too long': long(128),
		'CR LF': 'a\r\nb' }, (callSid) =>
		command('redirect', [refer({})], { callSid })),
	['call_sid and callSid differ', [{ ...refer({}), call_sid: 'SID' },
		{ ...refer({}), callSid: 'other' }], 'callSid'],
	...rowsOf('queueCommand', { 'a string': 'true', 'a number': 1 }, (queueCommand) =>
		command('redirect', [refer({})], { queueCommand })),
	...rowsOf('redirect', { 'missing': undefined, 'a string': 'hangup',
		'a number': 1, 'null': null }, (data) =>
		command('redirect', data), 'data'),
	['redirect: no verbs', command('redirect', []), 'verbs'],
	['redirect: a bad verb', command('redirect', [{ verb: 'dance' }]),
		'verb'],
	['redirect: call_hook is a number',
		command('redirect', { call_hook: 1 }), 'actionHook'],
	['redirect: call_hook has no url',
		command('redirect', { call_hook: {} }), 'actionHook.url'],
	...rowsOf('call:status', { 'missing': undefined, 'an array': [],
		'a string': 'completed' }, (data) =>
		command('call:status', data), 'data'),
	...rowsOf('call_status', { 'missing': undefined,
		'of another kind': 'in-progress', ...texts(128) },
	(call_status) => command('call:status', { call_status })),
	['call:status: of no call', command('call:status',
		{ call_status: 'completed' }, { callSid: 'none' }), 'call_sid'],
	...rowsOf('dial', { 'missing': undefined, 'an array': [], 'a string': 'a' },
		(data) => command('dial', data), 'data'),
];


/** Requests: [fault, method, path, options, status, field or RegExp]. */
export const REQUESTS = [
	...[['PUT', '/calls'], ['DELETE', '/calls'], ['PATCH', '/calls'],
		['DELETE', '/calls/SID'], ['POST', '/calls/SID'],
		['PUT', '/calls/SID/verbs'], ['POST', '/transfers'],
		['POST', '/stats'], ['POST', '/metrics'], ['POST', '/healthz'],
		['DELETE', '/transfers'], ['POST', '/calls/SID/verbs/more'],
		['POST', '/nothing']]
		.map(([method, path]) => [`${method} ${path}`, method, path,
			{ body: '{"verb":"hangup"}' }, 405, /does not support the method/]),
	['a call that is not', 'GET', '/calls/none', {}, 404, /No live call has the call_sid/],
	['a call by a path', 'GET', '/calls/..%2f..%2fetc', {}, 404,
		/No resource has this path/],
	['a call by a long name', 'GET', `/calls/${long(200)}`, {}, 404,
		/No live call has the call_sid/],
	['a transfer that is not', 'GET', '/transfers/none', {}, 404,
		/The history has no transfer/],
	['verbs for no call', 'POST', '/calls/none/verbs',
		{ body: '{"verb":"hangup"}' }, 404, 'call_sid'],
	['verbs for another call than the path says', 'POST',
		'/calls/SID/verbs', { body: '{"verb":"hangup","call_sid":"a"}' },
		400, 'call_sid'],
	['a command by HTTP', 'POST', '/calls/SID/verbs',
		{ body: '{"type":"command","command":"dial",' +
			'"data":{"to":"sip:bob@example.com"}}' }, 400,
		/must be a verb/],
	['an ack by HTTP', 'POST', '/calls/SID/verbs',
		{ body: '{"type":"ack","msgid":"s-SID"}' }, 400,
		/must be a verb/],
	['an empty body', 'POST', '/calls', { body: '' }, 400,
		/must be one JSON object/],
	['a form', 'POST', '/calls', { body: 'to=bob', headers: {
		'content-type': 'application/x-www-form-urlencoded' } }, 400,
	/must be one JSON object/],
	['one byte too many', 'POST', '/calls',
		{ body: `{"to":"${'x'.repeat(65_537 - 9)}"}` }, 413, /65536/],
	...Object.entries({
		outcome: ['lost', 'TRANSFERRED', 'failed,', 'failed,lost', '\t'],
		code: ['1', '199', '700', '4x', '7xx', '-486', '486,487'],
		target: [long(1024)], node: [long(1024)], q: [long(1024)],
		call_sid: [long(1024)],
		since: ['-1', 'now', '1.5', '99999999999999999999', ' 1'],
		from: ['now', '2025-13-01', '2025-02-30T00:00:00Z', '1'],
		to: ['yesterday', '2025-01-31T25:00:00Z'],
		before: ['none', long(1024)],
		limit: ['0', '1001', '-1', 'all', '1e2', '0x10'],
		colour: ['red'], 'a\tb': ['1'],
	}).flatMap(([name, values]) => values.map((value) =>
		[`/transfers: ${name}=${value.slice(0, 20)}`, 'GET',
			`/transfers?${new URLSearchParams({ [name]: value })}`,
			{}, 400, name.replace('\t', '?')])),
	['/transfers: no UTF-8', 'GET', '/transfers?q=%ff', {}, 400, 'q'],
];


/** Headers that leave the end of the body undefined. */
export const LENGTHS = [
	['chunked', 'Transfer-Encoding: chunked', /^A body must have/],
	['chunked, with a length', 'Transfer-Encoding: chunked\r\n' +
		'Content-Length: 12', /^A body must have/],
	['in another encoding', 'Content-Length: 12\r\n' +
		'Transfer-Encoding: identity', /^A body must have/],
	...['x', '-1', '+12', '12, 12', '0x0c', '1e1', '12.0', '12;', '1 2',
		'99999999999999999999'].map((n) => [n, `Content-Length: ${n}`,
		/^Content-Length must be one number/]),
	['two of one kind', 'Content-Length: 12\r\nContent-Length: 12',
		/^Content-Length must be one number/],
	['two kinds', 'Content-Length: 12\r\nContent-Length: 13',
		/^Content-Length must be one number/],
];


/** Parameters that the query of /ws must not contain. */
export const QUERIES = [
	['a space', 'client=a%20b', 'client'],
	['CR LF', 'client=a%0d%0ab', /^The URL must not contain control/],
	['CR', 'client=a%0db', /^The URL must not contain control/],
	['LF', 'client=a&since=1%0a', /^The URL must not contain control/],
	['a header field', 'x=%0d%0aOrigin:%20http://localhost%0d%0a',
		/^The URL must not contain control/],
	['a slash', 'client=..%2fa', 'client'],
	['not ASCII', 'client=%c3%a4', 'client'],
	['empty', 'client=', 'client'],
	['65 letters', `client=${long(64)}`, 'client'],
	['600 letters', `client=${long(599)}`, 'client'],
	['2000 letters', `client=${long(1999)}`, 'client'],
	['a word', 'scope=all', 'scope'],
	['large letters', 'scope=FLEET', 'scope'],
	['no view', 'scope=fleet',
		/^scope must be local: this referd has no view/],
	['negative', 'since=-1', 'since'],
	['signed', 'since=%2b1', 'since'],
	['behind a space', 'since=%201', 'since'],
	['a word', 'since=now', 'since'],
	['a fraction', 'since=1.5', 'since'],
	['empty', 'since=', 'since'],
	['out of range', 'since=99999999999999999999', 'since'],
	['of 600 digits', `since=${'1'.repeat(600)}`, 'since'],
];


const HELLO = { type: 'hello', protocol: 1, node: 'false', boot: 'FALSE',
	version: '0.1.0', baresip: '1.0.0', libre: '1.1.0', first: 1, next: 1 };
const CALL = { sid: 'another', direction: 'inbound', from: 'sip:a@b.example',
	to: 'sip:c@d.example', state: 'in-progress' };
const hello = (fields) => [{ ...HELLO, ...fields }];
const report = (fields) => [HELLO, { n: 1, time: 1, ...fields }];
const call = (fields, event = 'new') => report({ type: 'call', event,
	call: { ...CALL, ...fields } });
const step = (fields) => report({ type: 'transfer', call_sid: 'another',
	transfer_id: 't', step: 'requested', ...fields });

/** Lines of a false node that end its link: [fault, lines, text of log]. */
export const LINES = [
	['no JSON', ['nonsense'], /a first line is not JSON/],
	['nothing', [''], /a first line is not JSON/],
	['an array', [[]], /a first line is not a report/],
	['a number', ['17'], /a first line is not a report/],
	['an array in an array', ['[[1]]'], /a first line is not a report/],
	['no type', [{}], /a first line is not a report/],
	['another type', hello({ type: 'dance' }), /a first line is not a report/],
	['a type that is a number', hello({ type: 1 }), /is not a report/],
	['a report before hello', report({ type: 'sync', transfers: [] })
		.slice(1), /a first line is not a hello/],
	...[2, 0, '1', null, undefined, [1]].map((protocol) =>
		[`protocol ${JSON.stringify(protocol)}`, hello({ protocol }),
			/is not a report of protocol 1/]),
	...['node', 'boot'].flatMap((key) => [undefined, null, '', 17, {},
		long(255)].map((v) => [`${key} ${JSON.stringify(v)?.slice(0, 20)}`,
		hello({ [key]: v }), /a first line is not a report/])),
	['a NUL', ['{"type":"hello"\0}'], /must not contain NUL/],
	['nested without end', [nested(40)], /must not be nested deeper/],
	['65,537 bytes', [' '.repeat(65_537)], /of more than 65536 bytes/],
];

/** Lines after a hello that are skipped: [fault, lines, text of the log]. */
export const SKIPPED = [
	['two hellos', [HELLO, HELLO], /false: a line is not valid/],
	['no JSON behind hello', [HELLO, 'nonsense'], /line is not JSON/],
	['half a surrogate pair', [HELLO, '{"type":"sync","n":1,"time":1,' +
		'"transfers":[],"sip":{"a":"\\ud800"}}'], /line is not JSON/],
	['65,537 bytes behind hello', [HELLO, ' '.repeat(65_537)],
		/of more than 65536 bytes/],
	...[undefined, null, 0, -1, '1', 0.5, 1e300, [1]].map((n) =>
		[`n ${JSON.stringify(n)}`, report({ type: 'sync', transfers: [],
			n }), /line is not a report/]),
	['a report of no type', report({}), /line is not a report/],
	['a report of another type', report({ type: 'dance' }), /is not a report/],
	['call: none', report({ type: 'call', event: 'new' }), /is not a report/],
	['call: an array', report({ type: 'call', event: 'new', call: [] }),
		/is not a report/],
	['call: no event', call({}, null), /is not a report/],
	['call: another event', call({}, 'dance'), /is not a report/],
	...['sid', 'direction', 'from', 'to', 'state'].flatMap((key) =>
		[undefined, null, 17, {}].map((v) =>
			[`call: ${key} ${JSON.stringify(v)}`,
				call({ [key]: v }), /is not a report/])),
	['call: sid empty', call({ sid: '' }), /is not a report/],
	['call: sid too long', call({ sid: long(300) }), /is not a report/],
	['sync: no transfers', report({ type: 'sync' }), /is not a report/],
	['sync: an object', report({ type: 'sync', transfers: {} }),
		/is not a report/],
	...['call_sid', 'transfer_id', 'step'].flatMap((key) =>
		[undefined, 17].map((v) => [`transfer: ${key} ${v}`,
			step({ [key]: v }), /is not a report/])),
	['transfer: another step', step({ step: 'dance' }), /is not a report/],
	['transfer: id too long', step({ transfer_id: long(63) }),
		/is not a report/],
	['result: no ref', report({ type: 'result', ok: true }), /not a report/],
	['result: no error', report({ type: 'result', ref: 'a', ok: false }),
		/is not a report/],
	...['ref', 'call_sid', 'reason'].map((key) => [`played: no ${key}`,
		report({ type: 'played', ref: 'a', call_sid: 'SID', reason: 'a',
			[key]: undefined }), /is not a report/]),
];

const OTHERS = /reports on a call of another baresip: SID/;

/** Lines of a false node that are ignored, with the text of the log. */
export const IGNORED = [
	['the end of another\'s call', call({ sid: 'SID', state: 'completed',
		duration: 1 }, 'closed'), OTHERS],
	['the state of another\'s call', call({ sid: 'SID', state: 'ringing' },
		'status'), OTHERS],
	['another\'s call as its own', call({ sid: 'SID' }, 'live'), OTHERS],
	['a transfer on another\'s call', step({ call_sid: 'SID' }), OTHERS],
	['the end of one', step({ call_sid: 'SID', step: 'ended',
		outcome: 'transferred' }), OTHERS],
	['a result for another\'s call', report({ type: 'result', ok: true,
		ref: 'SID:1' }), OTHERS],
	['what another has played', report({ type: 'played', ref: 'SID:1',
		call_sid: 'SID', reason: 'completed', ms: 1 }), OTHERS],
	['a sync that lacks another\'s call', report({ type: 'sync',
		transfers: [] }), null],
	['the end of no call', call({ state: 'completed' }, 'closed'), null],
	['a result of nothing', report({ type: 'result', ok: true,
		ref: 'none' }), null],
];

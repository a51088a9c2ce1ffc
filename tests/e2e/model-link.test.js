/**
 * @file model-link.test.js  The page without a browser: its link to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLEET } from './lib/story.js';
import { importWeb } from './lib/web.js';

const { Link } = await importWeb('link');


/** A WebSocket at which the test acts as referd. */
class FakeSocket {
	static all = [];

	constructor(url)
	{
		this.url = new URL(url);
		this.readyState = 1;
		this.sent = [];
		FakeSocket.all.push(this);
	}

	send(text)
	{
		this.sent.push(text);
	}

	close()
	{
		this.readyState = 3;
	}

	say(...messages)
	{
		for (const m of messages)
			this.onmessage({ data: JSON.stringify(m) });
	}
}


function hello(seq, last_seq, data)
{
	return { type: 'hello', seq, data: { last_seq, ...data } };
}


function openLink(options)
{
	const heard = [];
	const pending = [];
	const link = new Link({ url: 'ws://127.0.0.1/ws', client: 'me',
		Socket: FakeSocket,
		timers: {
			setTimeout: (f) => pending.push(f),
			clearTimeout: () => pending.splice(0),
		},
		onmessage: (m, fresh) => heard.push(fresh ? 'fresh' : m.seq),
		onstate() {}, ...options });

	return { link, heard, pending, socket: () => FakeSocket.all.at(-1) };
}


test('the link asks for the backlog, and comes back without gap or double',
	() => {
		const { link, heard, pending, socket } = openLink();

		assert.equal(socket().url.searchParams.get('client'), 'me');
		socket().say(hello(1501, 1500));
		assert.equal(socket().url.searchParams.get('since'), '500');

		socket().say(hello(1502, 1501));
		assert.equal(link.state, 'behind');
		socket().say({ seq: 1000 }, { seq: 1501 });
		assert.equal(link.state, 'live');
		socket().say({ seq: 1503 });

		socket().onclose({});
		assert.equal(link.state, 'offline');
		pending.pop()();
		assert.equal(socket().url.searchParams.get('since'), '1503');
		socket().say(hello(1506, 1505), { seq: 1503 }, { seq: 1504 },
			{ seq: 1504 });
		assert.deepEqual([link.state, link.behind], ['behind', 1]);
		socket().say({ seq: 1505 }, { seq: 1507 });
		assert.equal(link.state, 'live');

		assert.deepEqual(heard, ['fresh', 1000, 1501, 1503, 1506, 1504,
			1505, 1507]);
	});


test('a page whose name is taken comes again under another', () => {
	const { link, pending, socket } = openLink();

	link.rename = () => 'other';
	socket().onclose({ code: 4009, reason: 'taken' });
	assert.equal(link.state, 'offline');
	pending.pop()();
	assert.equal(socket().url.searchParams.get('client'), 'other');
});


test('a token goes with the WebSocket, and one that is refused is told of',
	() => {
		const { link, pending, socket } = openLink();
		let refused = 0;

		link.token = () => 'abc';
		link.onrefused = () => refused++;
		link.rename = () => 'other';
		socket().onclose({ code: 1006 });
		pending.pop()();
		assert.equal(socket().url.searchParams.get('access_token'),
			'abc');
		socket().say(hello(1, 0));
		socket().onclose({ code: 4001 });
		pending.pop()();
		socket().say(hello(1, 0));
		socket().onclose({ code: 1006 });
		assert.equal(refused, 2);
	});


test('a referd that counts anew makes the page start anew', () => {
	const { heard, pending, socket } = openLink();

	socket().say(hello(1, 0), { seq: 2 });
	socket().onclose({});
	pending.pop()();
	socket().say(hello(2, 1));
	assert.equal(socket().url.searchParams.get('since'), '0');
	socket().say(hello(3, 2), { seq: 1 });
	assert.deepEqual(heard, ['fresh', 2, 'fresh', 1]);
});


test('the link takes the fleet where there is a view, and F as its number',
	() => {
		const { link, heard, pending, socket } = openLink({
			wanted: () => 'fleet' });
		const ask = (name) => socket().url.searchParams.get(name);
		const fleet = (last_seq, epoch = 'E') => hello(1, last_seq,
			{ scope: 'fleet', fleet: epoch });

		socket().say(hello(1501, 1500, { fleet: FLEET }));
		assert.deepEqual([ask('scope'), ask('since')], ['fleet', null]);
		socket().say(fleet(256_001));
		assert.deepEqual([ask('since'), ask('fleet')],
			[`${256_001 - 300 * 256}`, 'E']);
		socket().say(fleet(256_001));
		assert.deepEqual([link.state, link.behind], ['behind', 300]);
		socket().say({ seq: 255_745, member: 'gw2' },
			{ seq: 256_001, member: 'gw2' }, { seq: 1502 },
			{ type: 'fleet:status' });
		assert.equal(link.state, 'live');

		/* an event comes once; a message for this page is no event */
		socket().onclose({});
		pending.pop()();
		assert.equal(ask('since'), '256001');
		socket().say(fleet(256_257), { seq: 256_001, member: 'gw1' },
			{ seq: 3 }, { seq: 256_257, member: 'gw1' });

		/* a view that has read less is still the same fleet */
		socket().onclose({});
		pending.pop()();
		socket().say(fleet(255_745), { seq: 256_513, member: 'gw1' });
		assert.equal(link.state, 'live');

		/* another stream is another fleet */
		socket().onclose({});
		pending.pop()();
		assert.deepEqual([ask('since'), ask('fleet')],
			['256513', 'E']);
		socket().say(fleet(257, 'E2'));
		assert.deepEqual([ask('since'), ask('fleet')], ['0', 'E2']);
		socket().say(fleet(257, 'E2'), { seq: 257, member: 'gw1' });
		assert.deepEqual(heard, ['fresh', 255_745, 256_001, 1502,
			undefined, 1, 3, 256_257, 1, 256_513, 'fresh', 257]);

		/* also if it is created while the page is connected */
		heard.splice(0);
		socket().say({ type: 'fleet:status', data: { epoch: 'E2' } },
			{ type: 'fleet:status', data: { epoch: 'E3' } });
		assert.equal(ask('since'), '257');
		socket().say(fleet(258, 'E3'));
		assert.deepEqual([ask('since'), ask('fleet')], ['0', 'E3']);
		socket().say(fleet(258, 'E3'), { seq: 258, member: 'gw1' });
		assert.deepEqual(heard, [undefined, 'fresh', 258]);
	});


test('without a view, or by choice, the link tells of this machine', () => {
	let wish = 'fleet';
	const { link, heard, pending, socket } = openLink({
		wanted: () => wish });
	const ask = (name) => socket().url.searchParams.get(name);
	const blind = { ...FLEET, member: 'gw2' };

	socket().say(hello(2, 1, { fleet: blind }));
	socket().say(hello(2, 1, { fleet: blind }), { seq: 3 });
	assert.deepEqual([ask('scope'), link.scope, link.state],
		[null, 'local', 'live']);

	/* it comes back with a fleet */
	socket().onclose({});
	pending.pop()();
	socket().say(hello(4, 3, { fleet: FLEET }));
	assert.equal(ask('scope'), 'fleet');
	socket().say(hello(1, 0, { scope: 'fleet', fleet: 'E' }),
		{ seq: 257, member: 'gw1' });
	assert.equal(link.state, 'live');

	/* and without: referd refuses the scope; the page does not retry */
	socket().onclose({});
	pending.pop()();
	assert.equal(ask('since'), '257');
	socket().onclose({ code: 1006 });
	pending.pop()();
	assert.deepEqual([ask('scope'), ask('since')], [null, null]);
	socket().say(hello(9, 8));
	assert.equal(ask('since'), '0');
	socket().say(hello(9, 8), { seq: 8 });

	/* the same after a short absence: no gap, no duplicate */
	socket().onclose({});
	pending.pop()();
	socket().say(hello(10, 9, { fleet: FLEET }));
	socket().say(hello(1, 513, { scope: 'fleet', fleet: 'E' }));
	socket().say(hello(1, 513, { scope: 'fleet', fleet: 'E' }),
		{ seq: 513, member: 'gw1' });
	socket().onclose({});
	pending.pop()();
	socket().onclose({ code: 1006 });
	pending.pop()();
	socket().say(hello(11, 10, { fleet: FLEET }));
	assert.deepEqual([ask('scope'), ask('since')], ['fleet', '513']);
	socket().say(hello(1, 769, { scope: 'fleet', fleet: 'E' }),
		{ seq: 513, member: 'gw1' }, { seq: 769, member: 'gw1' });

	/* the user selects this machine only */
	wish = 'local';
	link.turn();
	assert.deepEqual([ask('scope'), ask('since')], [null, null]);
	socket().say(hello(12, 0, { fleet: FLEET }));
	assert.deepEqual([link.scope, link.state], ['local', 'live']);
	assert.deepEqual(heard, ['fresh', 3, 'fresh', 257, 'fresh', 8,
		'fresh', 513, 1, 769, 'fresh']);
});

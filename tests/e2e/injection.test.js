/**
 * @file injection.test.js  The injection classes, by name
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Application } from './lib/application.js';
import { http } from './lib/http.js';
import { Node } from './lib/node.js';
import { scene } from './lib/scene.js';


async function control(s, options)
{
	const referd = await s.referd(options);
	const client = await s.client(referd);
	const node = await Node.connect(referd.socket);
	return { referd, client, node };
}


/* The answer to a verb with a hook: the error, or else "accepted" */
async function offer({ client, node }, actionHook)
{
	const from = client.now;
	const call = node.call();

	await client.message('session:new', { call_sid: call.sid }, { from });

	client.send({ verb: 'sip:refer', referTo: '1', call_sid: call.sid,
		actionHook, msgid: 'm' });
	const answer = client.messages.wait((m) => m.type === 'ack' ||
		m.type === 'jambonz:error', 'an answer', { from });
	const asked = node.requests.wait(() => true, 'a request',
		{ from: node.taken }).then(() => 'asked', () => null);

	if (await Promise.race([answer, asked]) !== 'asked') {
		const { data } = await answer;

		assert.ok(data.field.startsWith('actionHook'), data.error);
		return data.error;
	}

	const t = await node.transfer(call);

	await answer;
	t.end(486);

	return 'accepted';
}


scene('SSRF: hooks do not go to link-local and metadata addresses',
	async (s) => {
	const c = await control(s);

	for (const host of ['169.254.169.254', '169.254.1.1', '0.0.0.0',
		'100.100.100.200', '192.0.0.192', '168.63.129.16', '224.0.0.1',
		'255.255.255.255', '[fe80::1]', '[fd00:ec2::254]', '[::]',
		'[ff02::1]', '[::ffff:169.254.169.254]', '[::169.254.169.254]',
		'[64:ff9b::a9fe:a9fe]', '[2002:a9fe:a9fe::1]', '2852039166',
		'0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518',
		'169.254.169.254.', 'user@169.254.169.254', '0'])
		for (const hook of [`http://${host}/latest/meta-data`,
			{ url: `http://${host}:80/` }])
			assert.match(await offer(c, hook), /closed to hooks|must go to a host/,
				host);
});


scene('SSRF: --hook-allow holds hooks to a list', async (s) => {
	const app = await Application.start(s);
	const { host } = new URL(app.url);
	const c = await control(s, { args: ['--hook-allow',
		'127.0.0.*, *.example.com, 169.254.7.7'] });

	assert.equal(await offer(c, `http://${host}/ok`), 'accepted');
	await app.request('/ok');
	assert.equal(await offer(c, 'https://HOOKS.Example.com/x'),
		'accepted');
	assert.equal(await offer(c, 'http://169.254.7.7:9/'), 'accepted');

	for (const url of ['http://127.0.1.1/', 'http://example.com/',
		'http://example.com.evil.example/', 'http://10.0.0.1/',
		'http://evil.example#.example.com',
		'http://evil.example/?.example.com',
		'http://www.example.com@evil.example/',
		'http://evil.example\\.example.com/'])
		assert.match(await offer(c, url),
			/--hook-allow|must be a valid URL/, url);
	assert.match(await offer(c, 'http://169.254.7.8/'), /--hook-allow/);
});


function whyNotMount()
{
	try {
		execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
		return false;
	}
	catch {
		return 'a private /etc/hosts takes root';
	}
}


scene('SSRF: a name that stands for such an address, and a redirect to one',
	async (s) => {
	const hosts = join(s.dir, 'hosts');
	const app = await Application.start(s, { reply: () => ({ status: 302,
		headers: { Location: 'http://169.254.169.254/' } }) });

	writeFileSync(hosts, '127.0.0.1 localhost\n' +
		'169.254.169.254 inside.example\nfe80::1 six.example\n');

	const c = await control(s, { wrap: ['unshare', '-m', 'sh', '-c',
		'text=$(cat "$0") && mount -t tmpfs etc /etc && ' +
		'echo "$text" >/etc/hosts && ' +
		'echo "hosts: files" >/etc/nsswitch.conf && exec "$@"',
		hosts] });

	for (const name of ['inside', 'six']) {
		const from = c.client.now;

		assert.equal(await offer(c, `http://${name}.example/`),
			'accepted');
		const { data } = await c.client.message('hook:status',
			{ event: 'failed' }, { from });

		assert.equal(data.http_status, undefined);
	}

	const from = c.client.now;

	assert.equal(await offer(c, `${app.url}/redirect`), 'accepted');
	const { data } = await c.client.messages.wait((m) =>
		m.type === 'hook:status' && m.data.http_status, 'its fate',
		{ from });

	assert.equal(data.http_status, 302);
	assert.equal(app.requests.length, 1);
}, { skip: whyNotMount() });


scene('header smuggling in hooks: what is sent has our headers only',
	async (s) => {
	const app = await Application.start(s);
	const c = await control(s);
	const known = new Set(['host', 'user-agent', 'accept', 'content-type',
		'content-length', 'authorization', 'x-referd-delivery',
		'traceparent']);

	for (const hook of [`${app.url}/a\r\nX-Evil: 1`,
		`${app.url}/a\nX-Evil: 1`,
		{ url: `${app.url}/a`, username: 'a\r\nX-Evil: 1' },
		{ url: `${app.url}/a`, username: 'a', password: 'b\nX: 1' },
		{ url: `${app.url}/a`, method: 'POST / HTTP/1.1\r\nX: 1' },
		{ url: `${app.url}/a`, method: 'DELETE' }])
		assert.notEqual(await offer(c, hook), 'accepted');

	for (const hook of [`${app.url}/1%0d%0aX-Evil:%201`,
		{ url: `${app.url}/2`, username: 'a: b', password: ':' },
		{ url: `${app.url}/3?x=%0aX-Evil:1`, method: 'get' }]) {
		const from = app.requests.length;

		assert.equal(await offer(c, hook), 'accepted');
		const { headers } = await app.requests.wait(() => true,
			'a request', { from });

		assert.deepEqual(Object.keys(headers)
			.filter((name) => !known.has(name)), []);
	}
});


scene('log forging: a line of the log is one of ours', async (s) => {
	const { referd, client, node } = await control(s,
		{ args: ['--log-level', 'debug'] });
	const evil = 'x\nerror: forged\r\n\u001b[2J\u202eforged\u2028error: z';
	const from = client.now;

	client.send({ verb: 'x\nerror: forged', id: evil });
	client.send(`{"verb":"hangup",\n"error: forged":"\u202e"}`);
	await client.message('jambonz:error');
	node.call({ from: evil, to: evil, caller_name: evil });
	await client.message('session:new', {}, { from });
	await http(`${referd.http}/calls/%0aerror:%20forged`);
	assert.equal(await referd.kill('SIGTERM'), 0);

	for (const line of referd.process.log.items) {
		assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
		assert.doesNotMatch(line,
			/[\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
		assert.doesNotMatch(line, /^(error|warning): (forged|z)/);
	}
});


/* Sends a path unchanged; HTTP clients would normalize it */
function getRaw(url, path)
{
	const { hostname: host, port } = new URL(url);

	return new Promise((resolve, reject) => {
		const socket = connect({ host, port });
		let text = '';

		socket.on('error', reject);
		socket.on('data', (data) => { text += data.toString('latin1'); });
		socket.on('close', () => resolve(text));
		socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n` +
			'Connection: close\r\n\r\n');
	});
}


scene('path traversal in the static files: nothing but the page',
	async (s) => {
	const referd = await s.referd();
	const up = (dots, slash, n = 12) => `/${`${dots}${slash}`.repeat(n)}`;

	await Promise.all([up('..', '/') + 'etc/passwd',
		up('%2e%2e', '/') + 'etc/passwd',
		up('..', '%2f') + 'etc/passwd', up('%2e%2e', '%2f', 9) +
			'etc%2fpasswd', up('..', '\\') + 'etc\\passwd',
		up('..', '%5c') + 'etc%5cpasswd', '//etc/passwd',
		'///../etc/passwd', '/./../../etc/passwd',
		up('%252e%252e', '%252f', 6) + 'etc%252fpasswd',
		up('%c0%ae%c0%ae', '%c0%af', 6) + 'etc/passwd',
		'/style.css/../../../../../etc/passwd', '/../README.md',
		'/%2e%2e/README.md', '/..', '/.', '/.git/config',
		'/%00/etc/passwd', '/style.css%00.js',
		'http://localhost/../../etc/passwd'].map(async (path) => {
		const text = await getRaw(referd.http, path);

		assert.doesNotMatch(text, /root:.*:0:0|sip_refer\.so. adds/,
			path);
		assert.doesNotMatch(text, /\[core\]/, path);
	}));
	assert.match(await getRaw(referd.http, '/style.css'), /200 OK/);
});

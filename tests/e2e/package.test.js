/**
 * @file package.test.js  The contents of the Debian packages
 *
 * tests/package/fresh-root.sh installs and uses them.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync,
	writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { settings } from './lib/settings.js';

const dir = mkdtempSync(join(tmpdir(), 'sip-refer-package-'));
const build = join(dir, 'build');

process.on('exit', () => rmSync(dir, { recursive: true, force: true }));

const fleet = existsSync(settings.fleetPlugin); /* with libnats */
const names = ['baresip-sip-refer', 'referd', 'referd-page',
	...fleet ? ['referd-fleet'] : []];
const debian = spawnSync('dpkg-query', ['-W', 'baresip-core']).status === 0;
const skip = settings.sanitize ? 'once is enough' :
	(!debian || settings.prefix !== '') &&
		'baresip is no package of Debian here';


/* Its path in the build, in the library directory of the architecture */
const fleetPath = `/usr/lib/${spawnSync('gcc', ['-print-multiarch'],
	{ encoding: 'utf8' }).stdout.trim()}/referd/referd_fleet.so`;


function run(...argv)
{
	return execFileSync(argv[0], argv.slice(1),
		{ encoding: 'utf8', stdio: 'pipe', cwd: build });
}


function deb(name)
{
	const [file] = readdirSync(build).filter((f) =>
		f.startsWith(`${name}_`) && f.endsWith('.deb'));

	return join(build, file);
}


function unpacked(name, path = '')
{
	return join(dir, name, path);
}


function control(name)
{
	const text = run('dpkg-deb', '-f', deb(name));

	return Object.fromEntries([...text.matchAll(/^([\w-]+): (.*)/gm)]
		.map(([, key, value]) => [key, value]));
}


/* Mode and path of each file, without directories. */
function files(name)
{
	return run('dpkg-deb', '-c', deb(name)).trim().split('\n')
		.map((l) => l.split(/\s+/))
		.map(([mode, owner, , , , path]) => ({ mode, owner,
			path: path.replace(/^\./, '') }));
}


function depends(name)
{
	return control(name).Depends.split(', ');
}


describe('packages', { skip }, () => {
	before(() => {
		execFileSync('cmake', ['-S', settings.source, '-B', build,
			'-DCMAKE_INSTALL_PREFIX=/usr', '-DBUILD_TESTING=OFF'],
		{ stdio: 'pipe' });
		run('cmake', '--build', '.', '-j', '2');
		run('cpack', '-G', 'DEB');
		for (const name of names) {
			run('dpkg-deb', '-x', deb(name), unpacked(name));
			run('dpkg-deb', '-e', deb(name),
				unpacked(name, 'DEBIAN'));
		}
	});

	test('the module depends on the release of baresip it is for', () => {
		const list = depends('baresip-sip-refer');
		const [, upstream] = /^(?:\d+:)?([\d.]+)/.exec(run('dpkg-query',
			'-W', '-f', '${Version}', 'baresip-core'));
		const [major, minor] = upstream.split('.').map(Number);

		assert.ok(list.includes(`baresip-core (>= ${upstream})`), list);
		assert.ok(list.includes(
			`baresip-core (<< ${major}.${minor + 1}~)`), list);
		assert.ok(list.some((d) => /^libre\d/.test(d)), list);
		for (const name of ['libcjson1', 'libwebsockets-evlib-ev',
			'libwebsockets', 'libcurl4', 'libsqlite3-0', 'libev4',
			'referd-page'])
			assert.ok(list.some((d) => d.startsWith(name)),
				`${name} in ${list}`);
	});

	test('referd depends on all that it loads', () => {
		const list = depends('referd');

		for (const name of ['adduser', 'libwebsockets-evlib-ev',
			'libwebsockets', 'libcjson1', 'libcurl4',
			'libsqlite3-0', 'libev4', 'libssl3', 'zlib1g',
			'referd-page',
			'libc6'])
			assert.ok(list.some((d) => d.startsWith(name)),
				`${name} in ${list}`);
	});

	test('only what makes a fleet of them needs libnats', {
		skip: !fleet && 'libnats is missing' }, () => {
		const version = control('referd').Version;

		assert.ok(depends('referd-fleet').some((d) =>
			d.startsWith('libnats')), depends('referd-fleet'));
		assert.ok(depends('referd-fleet').includes(`referd (= ${version})` +
			` | baresip-sip-refer (= ${version})`));
		for (const name of ['referd', 'baresip-sip-refer'])
			assert.ok(!depends(name).some((d) => d.includes('nats')),
				depends(name));
	});

	test('the control fields are whole', () => {
		for (const name of names) {
			const fields = control(name);

			assert.equal(fields.Package, name);
			assert.match(fields.Version, /^\d+\.\d+\.\d+$/);
			assert.match(fields.Maintainer, /^.+ <\S+@\S+>$/);
			assert.match(fields.Description, /^[a-z].{20,70}[^.]$/);
			assert.match(fields['Installed-Size'], /^\d+$/);
		}

		assert.equal(control('referd').Recommends, 'baresip-sip-refer');
		assert.equal(control('baresip-sip-refer').Suggests, 'referd');
	});

	test('everything is there, and root owns it', () => {
		const paths = { 'baresip-sip-refer': [
			join(settings.baresipModules, 'sip_refer.so'),
			join(settings.baresipModules, 'referd.so'),
			'/usr/share/man/man5/sip_refer.5.gz',
			'/usr/share/man/man5/referd.5.gz',
			'/usr/share/referd/baresip/config',
			'/usr/share/referd/profiles',
		], referd: [
			'/etc/referd/referd.conf', '/usr/bin/referd',
			'/usr/bin/referctl', '/usr/lib/systemd/system/referd.service',
			'/usr/lib/sysusers.d/referd.conf',
			'/usr/lib/tmpfiles.d/referd.conf',
			'/usr/share/bash-completion/completions/referd',
			'/usr/share/bash-completion/completions/referctl',
			'/usr/share/man/man1/referctl.1.gz',
			'/usr/share/man/man8/referd.8.gz',
			'/usr/share/referd/prometheus/referd.rules.yml',
			'/usr/share/referd/grafana/referd.json',
			'/usr/share/doc/referd/protocol.md',
			'/usr/share/doc/referd/errors.md',
			'/usr/share/doc/referd/glossary.md',
		], 'referd-page': [
			'/usr/share/referd/web/index.html',
		], 'referd-fleet': [
			fleetPath,
		] };

		for (const name of names) {
			const list = files(name);

			for (const path of [...paths[name],
				...['README.Debian', 'copyright',
					'changelog.gz'].map((f) =>
					`/usr/share/doc/${name}/${f}`)])
				assert.ok(list.some((f) => f.path === path),
					`${path} in ${name}`);

			for (const { mode, owner, path } of list) {
				assert.equal(owner, 'root/root', path);
				assert.match(mode, mode[0] === 'd' ||
					path.startsWith('/usr/bin/') ?
					/^.rwxr-xr-x$/ : /^-rw-r--r--$/, path);
				assert.doesNotMatch(path, /^\/usr\/local/);
			}
		}
	});

	test('no file is in two of them', () => {
		const all = names.flatMap((name) => files(name)
			.filter((f) => f.mode[0] === '-').map((f) => f.path));

		assert.deepEqual(all.filter((path, i) =>
			all.indexOf(path) !== i), []);
	});

	test('the checksums are those of the files', () => {
		for (const name of names) {
			const sums = readFileSync(unpacked(name,
				'DEBIAN/md5sums'), 'utf8').trim().split('\n');
			const list = files(name).filter((f) =>
				f.mode[0] === '-');

			execFileSync('md5sum', ['-c', '--quiet',
				'DEBIAN/md5sums'], { cwd: unpacked(name) });
			assert.equal(sums.length, list.length);
		}
	});

	test('referd.conf is the one conffile', () => {
		assert.equal(readFileSync(unpacked('referd',
			'DEBIAN/conffiles'), 'utf8'),
			'/etc/referd/referd.conf\n');
		assert.ok(!existsSync(unpacked('baresip-sip-refer',
			'DEBIAN/conffiles')));
	});

	test('the maintainer scripts are scripts that stop at an error', () => {
		for (const name of ['postinst', 'prerm', 'postrm']) {
			const path = unpacked('referd', `DEBIAN/${name}`);

			assert.equal(statSync(path).mode & 0o777, 0o755);
			assert.match(readFileSync(path, 'utf8'),
				/^#!\/bin\/sh\n(#.*\n)*\nset -e\n/);
			run('sh', '-n', path);
		}
	});

	test('what is installed is stripped, and finds its libraries', () => {
		for (const [name, path] of [['referd', 'usr/bin/referd'],
			['referd', 'usr/bin/referctl'],
			...fleet ? [['referd-fleet', fleetPath.slice(1)]] : [],
			...['sip_refer.so', 'referd.so'].map((module) => [
				'baresip-sip-refer', join(
					settings.baresipModules,
					module).slice(1)])]) {
			const sections = run('readelf', '-SdW',
				unpacked(name, path));

			assert.doesNotMatch(sections, /\.debug_info/);
			assert.doesNotMatch(sections, /R(UN)?PATH/);
		}
	});

	test('the service is one that systemd takes, and sandboxes', (t) => {
		const path = join(dir, 'referd.service');
		const text = readFileSync(unpacked('referd',
			'usr/lib/systemd/system/referd.service'), 'utf8');

		assert.match(text, /^ExecStart=\/usr\/bin\/referd --config \/etc\/referd\/referd\.conf$/m);
		writeFileSync(path, text.replace('/usr/bin/',
			unpacked('referd', 'usr/bin/')));

		if (spawnSync('systemd-analyze', ['--version']).status !== 0) {
			t.diagnostic('there is no systemd-analyze here');
			return;
		}
		const verify = spawnSync('systemd-analyze', ['verify', path],
			{ encoding: 'utf8', env: { ...process.env,
				MANPATH: unpacked('referd', 'usr/share/man') } });
		assert.doesNotMatch(verify.stderr, /referd\.service/);
		run('systemd-analyze', 'security', '--offline=true',
			'--threshold=20', path);
	});

	for (const [option, sentence] of [
		['CMAKE_INSTALL_PREFIX=/opt/x', /packages are for \/usr, and this build is for \/opt\/x: configure it with -DCMAKE_INSTALL_PREFIX=\/usr\./],
		['BARESIP_MODULE_DIR=/opt/m', /packages are for Debian's baresip, and this build is for one with \/opt\/m: install it with cmake --install\./],
	])
		test(`${option} is refused in a sentence`, () => {
			const other = mkdtempSync(join(dir, 'other'));

			execFileSync('cmake', ['-S', settings.source, '-B',
				other, '-DCMAKE_INSTALL_PREFIX=/usr',
				`-D${option}`], { stdio: 'pipe' });
			const { status, stderr } = spawnSync('cpack',
				['-G', 'DEB'], { cwd: other, encoding: 'utf8' });

			assert.notEqual(status, 0);
			assert.match(stderr.replace(/\s+/g, ' '), sentence);
		});
});

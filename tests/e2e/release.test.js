/**
 * @file release.test.js  The baresip that the module was built for, and others
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { scene, settings } from './lib/scene.js';

const RELEASES = /baresip \d+\.\d+\.\d+, libre \d+\.\d+\.\d+/;


/* The module as if built for other releases, with names of the same length */
function rebuilt(dir, change)
{
	const module = readFileSync(settings.module, 'latin1');
	const file = join(dir, 'modules', 'sip_refer.so');

	assert.match(module, RELEASES);
	unlinkSync(file);
	writeFileSync(file, module.replace(RELEASES, change), 'latin1');
}


scene('it says what it was built for and runs on', async (s) => {
	const { gateway } = await s.control();
	const line = await gateway.process.log.wait((l) =>
		l.includes('sip_refer: gw: '), 'line of sip_refer');
	const [, built, here] = /built for (.*), runs on (.*);/.exec(line);

	assert.match(built, RELEASES);
	assert.equal(built, here);
});


for (const [what, change] of [
	['another baresip', (r) => r.replace(/baresip ./, 'baresip 9')],
	['another libre', (r) => r.replace(/libre ./, 'libre 9')],
])
	scene(`built for ${what}, it is not loaded, and says why`,
		async (s) => {
		const { gateway } = await s.control();
		const [, dir] = /-f,(.*)/.exec(
			gateway.launch[0].slice(-2).join());

		await gateway.kill();
		rebuilt(dir, change);
		await gateway.run();

		const said = gateway.process.log.filter((l) =>
			l.includes('sip_refer: cannot be loaded: built for'));

		assert.equal(said.length, 1);
		assert.match(said[0], new RegExp(`built for ${
			RELEASES.source}, runs on ${RELEASES.source}; build`));
	});


/* A copy of the baresip under test that calls another function of libre
   instead of the one that the module replaces: `program`, `env` to run it */
function withoutImport(dir)
{
	const program = sh(`command -v ${settings.baresip}`).trim();
	const own = sh(`ldd ${program}`).split('\n')
		.map((l) => / => (\S*libbaresip\S*)/.exec(l)?.[1])
		.filter(Boolean);

	for (const file of [program, ...own]) {
		writeFileSync(join(dir, basename(file)), readFileSync(file,
			'latin1').replace('sipevent_drefer', 'sipevent_listen'),
		{ encoding: 'latin1', mode: 0o755 });
	}

	return { program: join(dir, basename(program)),
		env: { LD_LIBRARY_PATH: [dir, process.env.LD_LIBRARY_PATH]
			.filter(Boolean).join(':') } };
}


function sh(command)
{
	return execFileSync('sh', ['-c', command], { encoding: 'utf8' });
}


scene('where there is no import to replace, it is not loaded, and says why',
	async (s) => {
	const { gateway } = await s.control();
	const copy = withoutImport(s.dir);
	const [argv, options] = gateway.launch;

	await gateway.kill();
	gateway.launch = [argv.map((a) => a === settings.baresip ?
		copy.program : a), { env: { ...options.env, ...copy.env } }];
	await gateway.run();

	const said = gateway.process.log.filter((l) =>
		l.includes('sip_refer: cannot be loaded: '));

	assert.equal(said.length, 1);
	assert.match(said[0],
		/does not import sipevent_drefer from a shared libre/);
});


scene('CMake says in a line what it found and chose', async (s) => {
	const { stdout } = cmake(s);
	const lines = stdout.split('\n').filter((l) =>
		l.startsWith('-- sip_refer: '));

	assert.equal(lines.length, 1);
	assert.match(lines[0], /for baresip [\d.]+ \(.+\), libre [\d.]+, in \//);
});


function cmake(s, ...options)
{
	return spawnSync('cmake', ['-S', settings.source, '-B',
		join(s.dir, 'build'), `-DCMAKE_PREFIX_PATH=${settings.prefix}`,
		...options], { encoding: 'utf8' });
}


/* The message of CMake when it stops, on one line */
function refused(s, ...options)
{
	const { status, stderr } = cmake(s, ...options);

	assert.equal(status, 1);

	return stderr.replace(/\s+/g, ' ');
}


const musl = spawnSync('musl-gcc', ['--version']).status === 0;

scene('with another C library it is not built', async (s) => {
	assert.match(refused(s, '-DCMAKE_C_COMPILER=musl-gcc'),
		/sip_refer needs glibc, and \S+ builds for another C library\./);
}, { skip: !musl && 'there is no musl-gcc (package musl-tools)' });


for (const option of ['CMAKE_C_FLAGS=-static-pie -g',
	'CMAKE_EXE_LINKER_FLAGS=-static'])
	scene(`with ${option} it is not built`, async (s) => {
		assert.match(refused(s, `-D${option}`),
			/sip_refer needs shared libraries, and the flags have -s/);
	});


scene('for a static baresip it is not built', async (s) => {
	const dir = join(s.dir, 'bin');

	mkdirSync(dir);
	writeFileSync(join(dir, 'x.c'), 'int main(void) { return 0; }\n');
	sh(`gcc -static-pie -fPIE ${dir}/x.c -o ${dir}/baresip`);

	assert.match(refused(s, `-DBARESIP_PROGRAM=${dir}/baresip`),
		/\/baresip is linked statically: such a baresip loads no modules\./);
});


/* The system of the package, or upstream */
function origin()
{
	const program = sh(`readlink -f "$(command -v ${settings.baresip})"`);
	const release = readFileSync('/etc/os-release', 'utf8');
	const [, system] = /^ID="?([^"\n]+)/m.exec(release);
	const [, version] = /^VERSION_ID="?([^"\n]+)/m.exec(release);

	if (spawnSync('dpkg-query', ['-S', program.trim()]).status !== 0)
		return 'upstream';

	return `${system[0].toUpperCase()}${system.slice(1)} ${version}`;
}


scene('the table of docs/install.md has the release that this is', async (s) => {
	const { gateway } = await s.control();
	const line = await gateway.process.log.wait((l) =>
		l.includes('sip_refer: gw: '), 'line of sip_refer');
	const [, baresip, libre] = /runs on baresip (.*), libre (.*);/
		.exec(line);
	const page = readFileSync(join(settings.source, 'docs/install.md'), 'utf8');
	const row = `| ${baresip} | ${libre} | ${origin()} |`;

	assert.ok(page.split('\n').includes(row), `lacks the row ${row}`);
});

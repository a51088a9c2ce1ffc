/**
 * @file release.test.js  The baresip that the module was built for, and others
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scene, settings } from './lib/scene.js';

const RELEASES = /baresip \d+\.\d+\.\d+, libre \d+\.\d+\.\d+/;


/* The module as it would be if built for other releases, as long a name each */
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


scene('CMake says in a line what it found and chose', async (s) => {
	const said = execFileSync('cmake', ['-S', settings.source, '-B', s.dir,
		`-DCMAKE_PREFIX_PATH=${prefix()}`], { encoding: 'utf8' });
	const lines = said.split('\n').filter((l) =>
		l.startsWith('-- sip_refer: '));

	assert.equal(lines.length, 1);
	assert.match(lines[0], /for baresip [\d.]+ \(.+\), libre [\d.]+, in \//);
});


function prefix()
{
	const cache = readFileSync(join(settings.build, 'CMakeCache.txt'),
		'utf8');

	return /^CMAKE_PREFIX_PATH[^=]*=(.*)$/m.exec(cache)?.[1] ?? '';
}

/**
 * @file docs.test.js  The links and names in the documents are valid
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync,
	writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { settings } from './lib/settings.js';

const read = (path) => readFileSync(join(settings.source, path), 'utf8');
const pages = readdirSync(join(settings.source, 'docs'))
	.filter((name) => name.endsWith('.md'))
	.map((name) => `docs/${name}`);
const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md',
	'SECURITY.md', ...pages,
	'findings/README.md', 'tests/fuzz/README.md'];


/* Removes code from a text */
function prose(text)
{
	return text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g,
		(code) => code.replace(/[[\]()#]/g, '_'));
}


/* The names that GitHub gives to the headings of a page */
function anchors(path)
{
	const seen = new Map();

	return [...read(path).replace(/^```.*?^```$/gms, '')
		.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
		const slug = heading.toLowerCase()
			.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
		const n = seen.get(slug) ?? 0;

		seen.set(slug, n + 1);

		return n === 0 ? slug : `${slug}-${n}`;
	});
}


/* The links of a page within this repository: [path, anchor] */
function links(path)
{
	return [...prose(read(path)).matchAll(/\]\(([^)\s]+)\)/g)]
		.map(([, target]) => target)
		.filter((target) => !/^[a-z]+:/.test(target))
		.map((target) => {
			const [file, anchor] = target.split('#');

			return [file ? normalize(join(dirname(path), file)) :
				path, anchor];
		});
}


for (const path of documents) {
	test(`every link of ${path} leads somewhere`, () => {
		const broken = links(path).filter(([file, anchor]) =>
			!existsSync(join(settings.source, file)) ||
			(anchor && !anchors(file).includes(anchor)));

		assert.deepEqual(broken.map((link) => link.join('#')), []);
	});
}


test('docs/README.md leads to every page of docs', () => {
	const linked = links('docs/README.md').map(([file]) => file);

	assert.deepEqual(pages.filter((page) => page !== 'docs/README.md' &&
		!linked.includes(page)), []);
});


test('the README is short', () => {
	const lines = read('README.md').trimEnd().split('\n').length;

	assert.ok(lines < 150, `${lines} lines`);
});


test('the glossary defines each term once', () => {
	const terms = [...read('docs/glossary.md').matchAll(/\*\*(.+?)\*\*/g)]
		.map(([, term]) => term);

	assert.ok(terms.length >= 30, terms);
	assert.deepEqual(terms.filter((term, i) =>
		terms.indexOf(term) !== i), []);
});


const guide = read('CONTRIBUTING.md');


test('each file that CONTRIBUTING.md names is there', () => {
	const named = [...guide.matchAll(/`([\w.]+(?:\/[\w.-]+)*\/?)`/g)]
		.map(([, path]) => path)
		.filter((path) => path.includes('/') && !/NAME/.test(path) &&
			!/^build/.test(path));

	assert.ok(named.length > 20, named);
	assert.deepEqual(named.filter((path) => ![path,
		`modules/sip_refer/${path}`, `ctrl/${path}`, `tests/${path}`]
		.some((p) => existsSync(join(settings.source, p)))), []);
});


/* Slow commands are run by hand; here only the named files must exist */
test('each command of CONTRIBUTING.md names what there is', () => {
	const commands = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)]
		.flatMap(([, text]) => text.trim().split('\n'));
	const known = [
		[/^scripts\/test\.sh( --fast)?( -R \S+)?$/, () => true],
		[/^SOURCE_DIR=.* --test-name-pattern '(.*)' (\S+)$/,
			(name, path) => read(path).includes(`scene('${name}'`)],
		[/^PICTURES=(\S+) SOURCE_DIR=.* node (\S+)$/, (dir, path) =>
			existsSync(join(settings.source, dir)) &&
			existsSync(join(settings.source, path))],
		[/^sudo apt-get install --no-install-recommends (.*)$/,
			(names) => names.split(' ').every((name) =>
				read('scripts/test.sh').includes(name))],
		[/^cmake -S \. -B build-fuzz -DFUZZ=ON -DCMAKE_C_COMPILER=clang$/,
			() => true],
		[/^cmake --build build-fuzz -j 2 --target fuzz_(\w+)$/,
			(name) => existsSync(join(settings.source,
				`tests/fuzz/${name}.c`))],
		[/^cmake -S \. -B build-threads -DCMAKE_C_FLAGS='[^']+'$/,
			() => true],
		[/^cmake --build build-threads -j 2$/, () => true],
		[/^\(cd build-threads && ctest -R (\S+)\)$/,
			(regex) => /Total Tests: [1-9]/.test(listTests(regex))],
		[/^TSAN_OPTIONS=\S+ SOURCE_DIR=.* node (\S+)$/, (path) =>
			existsSync(join(settings.source, path))],
		[/^mkdir -p build-fuzz\/found$/, () => true],
		[/^build-fuzz\/tests\/fuzz\/fuzz_(\w+) .* tests\/fuzz\/corpus\/\1$/,
			(name) => existsSync(join(settings.source,
				`tests/fuzz/corpus/${name}`))],
	];

	assert.ok(commands.length >= 8, commands);
	for (const command of commands) {
		const [pattern, check] = known.find(([p]) => p.test(command)) ??
			[];

		assert.ok(check, `"${command}" is not known here`);
		assert.ok(check(...pattern.exec(command).slice(1)), command);
	}
});


/* ctest writes its log anew even if it only lists tests: in a directory of its
   own, it leaves the log of the ctest that runs this test */
function listTests(regex)
{
	const dir = mkdtempSync(join(tmpdir(), 'sip-refer-'));

	try {
		writeFileSync(join(dir, 'CTestTestfile.cmake'),
			`subdirs("${settings.build}")\n`);

		return execFileSync('ctest', ['-N', '-R', regex],
			{ cwd: dir, encoding: 'utf8' });
	}
	finally {
		rmSync(dir, { recursive: true });
	}
}


test('each test that CONTRIBUTING.md has run is one', () => {
	const wanted = [...guide.matchAll(/scripts\/test\.sh --fast -R '?([^\s'`]+)/g)]
		.map(([, regex]) => regex);

	assert.ok(wanted.length >= 3, wanted);
	for (const regex of wanted) {
		assert.match(listTests(regex), /Total Tests: [1-9]/, regex);
	}
});


const [, release] = /^project\(sip-refer VERSION (\S+)/m.exec(read('CMakeLists.txt'));


test('each file that names the release names the same one', () => {
	const named = (path, pattern) => [...read(path).matchAll(pattern)]
		.map(([, version]) => [path, version]);
	const all = [
		...named('CHANGELOG.md', /^## (\S+) - /gm).slice(0, 1),
		...named('packaging/changelog', /^sip-refer \((.*)\)/gm).slice(0, 1),
		...named('docs/protocol.md', /"version":"(.*?)"/g),
		...named('docs/link.md', /"version":"(.*?)"/g),
		...named('docker/Dockerfile', /image\.version="(.*?)"/g),
		...[settings.referd, settings.referctl].map((program) =>
			[program, execFileSync(program, ['--version'],
				{ encoding: 'utf8' }).trim().split(' ').at(-1)]),
	];

	assert.ok(all.length >= 8, all);
	assert.deepEqual(all.filter(([, version]) => version !== release), []);
});


/* As YYYY-MM-DD */
function day(text)
{
	return new Date(`${text} UTC`).toISOString().slice(0, 10);
}


test('the releases have one date each, and the manual pages that of the last',
	() => {
	const told = [...read('CHANGELOG.md').matchAll(/^## (\S+) - (\S+)$/gm)]
		.map(([, version, date]) => `${version} ${date}`);
	const debian = read('packaging/changelog').split(/^(?=sip-refer)/m)
		.map((text) => `${/\((.*?)\)/.exec(text)[1]} ${
			day(/>  \w+, (\d+ \w+ \d+)/.exec(text)[1])}`);
	const manual = readdirSync(join(settings.source, 'share/man'))
		.map((page) => day(/^\.Dd (.*)$/m.exec(
			read(`share/man/${page}`))[1]));

	assert.deepEqual(debian, told);
	assert.deepEqual([...new Set(manual)], [told[0].split(' ')[1]]);
});

/**
 * @file settings.js  The paths of the programs under test, and their settings
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = process.env.SOURCE_DIR ??
	resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const build = process.env.BUILD_DIR ?? resolve(source, 'build');


function firstOf(paths)
{
	return paths.find((path) => existsSync(path)) ?? paths[0];
}


/* "baresip v1.0.0 Copyright ..." */
function versionOf(program)
{
	const { stdout, stderr } = spawnSync(program, ['-h'],
		{ encoding: 'utf8' });

	return /baresip v(\d+\.\d+)/.exec(stdout + stderr)?.[1] ?? '';
}


/* The path of baresip in CMake's cache, '' if not set */
function prefixOf(build)
{
	const cache = resolve(build, 'CMakeCache.txt');

	return existsSync(cache) && /^CMAKE_PREFIX_PATH[^=]*=(.*)$/m.exec(
		readFileSync(cache, 'utf8'))?.[1] || '';
}


function isOn(value = '')
{
	return /^(on|1|true|yes)$/i.test(value);
}


const baresip = process.env.BARESIP || 'baresip';
const version = versionOf(baresip);

export const settings = {
	source,
	build,
	baresip,
	baresipVersion: version, /* as in 1.0 */
	baresipMajor: parseInt(version),
	baresipModules: process.env.BARESIP_MODULES || firstOf([
		'/usr/lib/baresip/modules',
		'/usr/local/lib/baresip/modules',
	]),
	prefix: prefixOf(build),
	module: resolve(build, 'modules/sip_refer/sip_refer.so'),
	referd: resolve(build, 'ctrl/referd'),
	service: resolve(build, 'modules/referd/referd.so'),
	fleetPlugin: resolve(build, 'ctrl/fleet/nats/referd_fleet.so'),
	jump: resolve(build, 'tests/libjump.so'),
	record: resolve(build, 'tests/librecord.so'),
	stall: resolve(build, 'tests/libstall.so'),
	rows: resolve(build, 'tests/rows'),
	fleetfill: resolve(build, 'tests/fleetfill'),
	referctl: resolve(build, 'referctl/referctl'),
	sanitize: isOn(process.env.SANITIZE),
	embedded: isOn(process.env.EMBEDDED), /* the service in baresip */
};


let memory;

/**
 * The directory in memory for the state that a referd leaves to a later one:
 * the tests kill many, and then delete the files that the next would use.
 */
export function memoryEnv()
{
	if (!memory && existsSync('/dev/shm')) {
		memory = mkdtempSync('/dev/shm/referd-test-');
		process.on('exit', () =>
			rmSync(memory, { recursive: true, force: true }));
	}

	return memory ? { XDG_RUNTIME_DIR: memory } : {};
}


function runtime(name)
{
	return execFileSync('gcc', [`-print-file-name=${name}`],
		{ encoding: 'utf8' }).trim();
}


/** The variables that referd needs when it is built with sanitizers. */
export function sanitizerOptions(leaks = true)
{
	if (!settings.sanitize)
		return {};

	return {
		ASAN_OPTIONS: `detect_leaks=${leaks ? 1 : 0}` +
			':detect_stack_use_after_return=1:exitcode=99' +
			':verify_asan_link_order=0',
		UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1:exitcode=99',
	};
}


/**
 * The variables that a stock baresip needs to load a sanitized module: the
 * runtimes come first, and the test ignores baresip's own leaks at exit.
 */
export function sanitizerEnv()
{
	if (!settings.sanitize)
		return {};

	return {
		...sanitizerOptions(false),
		LD_PRELOAD: `${runtime('libasan.so')} ${runtime('libubsan.so')}`,
	};
}


/** Variables of both; their preloaded libraries in this order. */
export function joinEnv(one, other)
{
	const preload = [one.LD_PRELOAD, other.LD_PRELOAD].filter(Boolean);

	return { ...one, ...other,
		...preload.length && { LD_PRELOAD: preload.join(' ') } };
}


/** For a process whose clock is wrong by the number of seconds in a file. */
export function jumpEnv(file, env = {})
{
	return joinEnv(env, { CLOCK_JUMP: file, LD_PRELOAD: settings.jump });
}

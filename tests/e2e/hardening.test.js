/**
 * @file hardening.test.js  The hardening of the binaries
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { settings } from './lib/settings.js';


function readelf(path, ...options)
{
	return execFileSync('readelf', ['-W', ...options, path],
		{ encoding: 'utf8', maxBuffer: 1 << 26 });
}


for (const [name, path] of [['referd', settings.referd],
	['referd.so', settings.service], ['sip_refer.so', settings.module]]) {
	test(`${name}: position independent, full RELRO, no executable stack`,
		() => {
		const head = readelf(path, '-h');
		const segments = readelf(path, '-l');
		const dynamic = readelf(path, '-d');

		assert.match(head, /Type:\s+DYN/);
		assert.match(segments, /GNU_RELRO/);
		assert.match(dynamic, /BIND_NOW|FLAGS_1.*NOW/);
		assert.match(segments, /GNU_STACK.* RW /);
		assert.doesNotMatch(dynamic, /TEXTREL|RPATH/);
		if (name === 'referd')
			assert.match(dynamic, /FLAGS_1.*PIE/);
	});

	test(`${name}: stack protector and fortify`,
		{ skip: settings.sanitize && 'the sanitizers replace them' },
		() => {
		const symbols = readelf(path, '--dyn-syms');

		assert.match(symbols, /__stack_chk_fail/);
		assert.match(symbols, /__\w+_chk@/);
	});
}

/**
 * @file errors.test.js  Each sentence of the sources is in docs/errors.md
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documented, sentences } from './lib/sentences.js';

const HOW = `
To add or change a sentence: write it in the source, then its row in the
section of docs/errors.md where a reader would look for it:

    | \`FIELD must be a string\` | when it is said, and what to do |

Each conversion (%s, %d, ...) is a name in capitals there. The subject of what
error_set() gets in lower case is the field: its name, or FIELD for any. A text
that nobody reads as an error is left out in tests/e2e/lib/sentences.js.
`;


test('each sentence of the sources is documented', () => {
	const rows = documented();
	const missing = sentences().filter(({ pattern }) =>
		!rows.some((row) => pattern.test(row)));

	assert.deepEqual(missing.map(({ where, text }) =>
		`${where}: ${text}`), [], HOW);
});


test('each documented sentence is in the sources', () => {
	const said = sentences();

	assert.deepEqual(documented().filter((row) =>
		!said.some(({ pattern }) => pattern.test(row))), [], HOW);
});


test('no sentence is documented twice', () => {
	const rows = documented();

	assert.deepEqual(rows.filter((row, i) => rows.indexOf(row) !== i), []);
});


test('a whole sentence begins with a capital, without a period at its end',
	() => {
	assert.deepEqual(sentences().filter(({ text, where }) =>
		/^(ctrl|modules\/sip_refer\/text\/(?!warnings|doubts))/
			.test(where) && /\.$/.test(text))
		.map(({ where, text }) => `${where}: ${text}`), []);
});

/**
 * @file sentences.js  The sentences that the product says, from its sources
 *
 * A sentence is a string literal of prose.  Literals that are not error
 * messages are left out by the function that gets them, or by their file.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings.js';

/* These get events, help, descriptions of numbers, SQL, or words to compare */
const SILENT = new Set(['log_info', 'log_debug', 'info', 'debug', 'printf',
	'print', 'print_gauge', 'print_head', 'print_line', 'strcmp', 'strncmp',
	'strstr', 'note', 'say_made', 'add_note', 'add_header', 'json_str',
	'json_lit', 'prepare', 'dbstmt_prepare', 'sqlite3_exec']);

/* --help, HELP of metrics, SQL, the output of `fleet config`, and comments of
   packets: only the texts for the functions for errors count, and the texts
   on valid values of an option */
const HELP = ['ctrl/option.c', 'ctrl/base/counters.c', 'ctrl/base/histogram.c',
	'ctrl/server/metrics.c', 'ctrl/server/procstat.c', 'referctl/args.c',
	'referctl/fleetconfig.c', 'referctl/print.c', 'ctrl/capture/comment.c',
	'ctrl/capture/pcapng.c'];
const SQL = /\b(SELECT|INSERT|CREATE|DELETE|UPDATE|PRAGMA|BEGIN|COMMIT|ATTACH)\b|^-- /;

/* These build a sentence, or a command's description */
const PARTS = ['The message', 'The answer', 'an older', 'a newer', 'release ',
	'another release',
	'remote target', 'source address', 'Asterisk with chan_sip',
	' of seconds', 'Operation timed out', 'in progress', 'the output',
	'transfer %.64s of call %.64s: %.32s%s%.32s%s',
	'Read referd\'s tokens, certificates and routes again'];

const TOKEN = /\/\*.*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*|[^\sA-Za-z_]/gs;
const CONVERSION = /%[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j)?[a-zA-Z]/g;


function sources(dir)
{
	return readdirSync(join(settings.source, dir), { withFileTypes: true })
		.flatMap((e) => e.isDirectory() ? sources(`${dir}/${e.name}`) :
			e.name.endsWith('.c') ? [`${dir}/${e.name}`] : []);
}


function unquote(token)
{
	return token.slice(1, -1).replace(/\\(.)/g,
		(all, c) => c === 'n' ? '\n' : c);
}


/* The strings of a file: [text, function, the arguments before, line] */
function strings(text)
{
	const found = [], calls = [];
	let last = '', line = 1, at = 0;

	for (const { 0: t, index } of text.matchAll(TOKEN)) {
		line += text.slice(at, index).split('\n').length - 1;
		at = index;
		if (t.startsWith('/*'))
			continue;
		if (t === '(') {
			calls.push({ name: /^[A-Za-z_]/.test(last) ? last : '',
				args: [''] });
		}
		else if (t === ')') {
			calls.pop();
		}
		else if (t === ',' && calls.length) {
			calls.at(-1).args.push('');
		}
		else if (t.startsWith('"') || /^PRI[a-z]\d+$/.test(t)) {
			const piece = t.startsWith('"') ? unquote(t) : 'd';

			if (last === '"')
				found.at(-1).text += piece;
			else
				found.push({ text: piece, line,
					calls: calls.map((c) => c.name),
					args: [...calls.at(-1)?.args ?? []] });
		}
		if (calls.length && t !== '(' && t !== ',')
			calls.at(-1).args[calls.at(-1).args.length - 1] += t;
		last = t.startsWith('"') || /^PRI[a-z]\d+$/.test(t) ? '"' : t;
	}

	return found;
}


/* Of these, "cannot" has no subject */
const WHOLE = /^(say_error|log_\w+|warning)$/;

/* Phrases that need a name before them, as in "must be a string" */
function subjectOf({ text, calls, args })
{
	const setter = calls.at(-1) === 'error_set';
	const field = args.at(-3)?.match(/^"([^"]*)"$/)?.[1] ??
		args.at(-2)?.match(/^"([^"]*)"$/)?.[1];

	if (setter)
		return /^[a-z]/.test(text) ? field ?? 'FIELD' : null;
	if (/^(must|is|belongs) /.test(text))
		return 'FIELD';

	return text.startsWith('cannot ') && !WHOLE.test(calls.at(-1)) ?
		'FIELD' : null;
}


/* Whether it is an error message.  Parts of sentences are not. */
function isProse({ text, calls, args }, path)
{
	const words = text.replace(CONVERSION, '');

	if (calls.some((name) => SILENT.has(name)) || SQL.test(text) ||
	    PARTS.includes(text) || !text.includes(' '))
		return false;
	if (calls.at(-1) === 'error_set' || WHOLE.test(calls.at(-1)))
		return /[a-z]{2}/.test(words.replace(/^\w+: /, ''));
	if (HELP.includes(path) && !calls.includes('say_error'))
		return /^(must|is not|cannot) /.test(text);

	return /[a-z]{2,} [a-z]{2,}/.test(words);
}


const escape = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');


/* The rows of docs/errors.md that may stand for a sentence */
function patternOf(text, subject)
{
	const body = text.trim().split(CONVERSION)
		.map((part) => escape(part.replaceAll('%%', '%')))
		.join('(?:[A-Z][A-Z_]*(?:: )?)?')
		.replace(/^([a-z]+): /, '(?:$1|ROOM): ');

	return new RegExp(`^${subject ? `(?:${escape(subject)}|FIELD) ` : ''
		}${body}$`);
}


/** Each sentence: its place, its text, the rows that may explain it. */
export function sentences()
{
	return ['common', 'ctrl', 'modules', 'referctl'].flatMap(sources)
		.flatMap((path) => strings(readFileSync(
			join(settings.source, path), 'utf8'))
			.map((s) => ({ ...s, text: s.text.match(
				/\{"error":"(.*)"\}/)?.[1] ?? s.text }))
			.filter((s) => isProse(s, path))
			.map((s) => {
				const subject = subjectOf(s);

				return { where: `${path}:${s.line}`,
					text: `${subject ? `${subject} ` : ''}${
						s.text.trim()}`,
					pattern: patternOf(s.text, subject) };
			}));
}


/** The sentences of docs/errors.md. */
export function documented()
{
	return readFileSync(join(settings.source, 'docs/errors.md'), 'utf8')
		.split('\n')
		.map((line) => /^\| `(.*?)` \|/.exec(line)?.[1])
		.filter(Boolean)
		.map((text) => text.replaceAll('\\|', '|'));
}

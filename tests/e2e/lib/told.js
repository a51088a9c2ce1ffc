/**
 * @file told.js  The messages of referd as described in docs/protocol.md
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings.js';

export const page = readFileSync(join(settings.source, 'docs/protocol.md'),
	'utf8');

/* Keys whose content comes from the far end or the application. */
export const FREE = new Set(['X-Customer', 'Event', 'CSeq']);


/**
 * The sections `### type[, type]` on the messages that referd sends
 *
 * @return By type: the section's text, and its examples as one text
 */
export function sections()
{
	const sent = page.slice(page.indexOf('## What referd sends'),
		page.indexOf('## What clients send'));
	const found = new Map();

	for (const text of sent.split(/^### /m).slice(1)) {
		const [title] = text.split('\n');
		const examples = text.match(/^ {4}.*$/gm).join('\n');

		for (const type of title.split(', '))
			found.set(type, { text, examples });
	}

	return found;
}


export function keysIn(examples)
{
	return new Set([...examples.matchAll(/"([A-Za-z_-]+)":/g)]
		.map(([, key]) => key).filter((key) => !FREE.has(key)));
}


/** Keys of a message, of its data, and of the lists in its data. */
export function keysOf(value, depth = 0)
{
	if (Array.isArray(value))
		return value.flatMap((v) => keysOf(v, depth));
	if (!value || typeof value !== 'object' || depth > 4)
		return [];

	return Object.entries(value).flatMap(([key, v]) =>
		key === 'headers' ? [key] : [key, ...keysOf(v, depth + 1)]);
}


/** The keys in the examples of a type that are missing in its messages. */
export function neverCame(type, messages)
{
	const came = new Set(messages.filter((m) => m.type === type)
		.flatMap((m) => keysOf(m)));

	return [...keysIn(sections().get(type).examples)]
		.filter((key) => !came.has(key));
}

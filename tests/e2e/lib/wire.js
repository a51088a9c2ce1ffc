/**
 * @file wire.js  SIP messages as sent on the wire
 *
 * Copyright (C) 2026 the sip_refer authors
 */


/**
 * Parses a SIP message as far as assertions need it.
 *
 * @param text The message, as sent
 *
 * @return `text` itself; `method` and `uri`, or `status` and `reason`;
 *         `headers`: the last value of each by lower-case name; `fields`: all
 *         header lines in order, as [name, value]; `body`
 */
export function parse(text)
{
	const [head, ...rest] = text.split('\r\n\r\n');
	const [first, ...lines] = head.split('\r\n');
	const fields = lines.map((line) => {
		const colon = line.indexOf(':');

		return [line.slice(0, colon), line.slice(colon + 1).trim()];
	});
	const headers = Object.fromEntries(fields.map(
		([name, value]) => [name.toLowerCase(), value]));
	const message = { text, fields, headers, body: rest.join('\r\n\r\n') };
	const status = /^SIP\/2\.0 (\d+) ?(.*)$/.exec(first);

	if (status)
		return { ...message, status: Number(status[1]),
			reason: status[2] };

	const [method, uri] = first.split(' ');

	return { ...message, method, uri };
}


/** The values of all header lines of a name, in order. */
export function valuesOf(message, name)
{
	return message.fields
		.filter(([n]) => n.toLowerCase() === name.toLowerCase())
		.map(([, value]) => value);
}


/** A header's tag parameter. */
export function tagOf(value)
{
	return /;tag=([^;>]+)/.exec(value)?.[1];
}

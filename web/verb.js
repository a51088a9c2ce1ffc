/**
 * @file verb.js  What was typed to a verb, each field checked in its place
 *
 * Copyright (C) 2026 the sip_refer authors
 */

/* The names that the SIP stack writes itself, the short ones too. */
const OWNED = new RegExp(`^(${['via', 'from', 'to', 'call-id', 'cseq',
	'contact', 'max-forwards', 'route', 'record-route', 'content-.*',
	'authorization', 'proxy-authorization', 'refer-to', 'referred-by',
	'event', '[vftimlcrbo]'].join('|')})$`, 'i');

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/* Anything below space and DEL, C1 controls too. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;


/** The fields of an empty form */
export function emptyDraft()
{
	return { referTo: '', referredBy: '', referredByDisplayName: '',
		 id: '', actionHook: '', eventHook: '',
		 headers: [['', '']] };
}


function fieldError(value)
{
	return CONTROL.test(value) ? 'must not contain control characters' :
		'';
}


function targetError(value)
{
	if (fieldError(value))
		return fieldError(value);

	const open = value.includes('<');
	if (open !== value.includes('>'))
		return 'has only one of < and >';

	const uri = (/<([^>]*)>/.exec(value)?.[1] ?? value).trim();
	if (!uri)
		return 'is empty between < and >';
	if (/^(sips?|tel):$/i.test(uri))
		return 'names nobody after the scheme';
	if (!open && /\s/.test(uri) && !/^[+\d\s().\-/]+$/.test(uri))
		return 'must not contain spaces';
	if (/^[a-z][a-z0-9+.-]*:/i.test(uri) && !/^(sips?|tel):/i.test(uri) &&
	    !/^[^@]*:\d+$/.test(uri))
		return 'must be a sip:, sips: or tel: URI, or a number';

	return '';
}


function headerError(name, value, names)
{
	if (!name)
		return value ? 'needs a name' : '';
	if (!TOKEN.test(name))
		return `${name}: is not a header name`;
	if (OWNED.test(name))
		return `${name}: belongs to the SIP stack`;
	if (names.has(name.toLowerCase()))
		return `${name}: stands there twice`;

	return CONTROL.test(value) ? `${name}: must not contain control ` +
		'characters' : '';
}


/**
 * Make the verb of a form
 *
 * @param draft  What was typed
 *
 * @return {verb, errors}: errors by field, empty if all is well; those of
 *         headers by their index
 */
export function verbFromDraft(draft)
{
	const verb = { verb: 'sip:refer', referTo: draft.referTo.trim() };
	const errors = {};

	if (!verb.referTo)
		errors.referTo = 'is required';
	else
		errors.referTo = targetError(verb.referTo);

	if (draft.referredBy.trim()) {
		verb.referredBy = draft.referredBy.trim();
		errors.referredBy = targetError(verb.referredBy);
	}

	for (const name of ['referredByDisplayName', 'id', 'actionHook',
			    'eventHook']) {
		const value = draft[name].trim();
		if (!value)
			continue;
		verb[name] = value;
		errors[name] = fieldError(value);
	}

	const headers = headersFromDraft(draft.headers, errors);
	if (headers)
		verb.headers = headers;

	for (const [name, error] of Object.entries(errors)) {
		if (!error)
			delete errors[name];
	}

	return { verb, errors };
}


function headersFromDraft(list, errors)
{
	const names = new Set();
	const headers = {};

	list.forEach(([rawName, value], i) => {
		const name = rawName.trim();

		errors[`headers.${i}`] = headerError(name, value, names);
		if (name) {
			headers[name] = value;
			names.add(name.toLowerCase());
		}
	});

	return names.size ? headers : null;
}

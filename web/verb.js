/**
 * @file verb.js  What was typed to a verb, each field checked in its place
 *
 * Copyright (C) 2026 the sip_refer authors
 */

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/* Anything below space and DEL, C1 controls too. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;


/** The fields of an empty form */
export function emptyDraft()
{
	return { referTo: '', replaces: '', referredBy: '',
		 referredByDisplayName: '', id: '', actionHook: '',
		 eventHook: '',
		 notify: '', ringing: '', force: false,
		 headers: [['', '']], targetHeaders: [['', '']] };
}


function fieldError(value)
{
	return CONTROL.test(value) ? 'must not contain control characters' :
		'';
}


/* What is sure to be refused; referd and baresip know the rest. */
function targetError(value)
{
	const open = value.includes('<');
	const uri = (/<([^>]*)>/.exec(value)?.[1] ?? value).trim();
	const good = open === value.includes('>') &&
		(open || !/\s/.test(uri) || /^[+\d\s().\-/]+$/.test(uri)) &&
		/^((sips?|tel):.+|[^@]*:\d+|(?![a-z][a-z\d+.-]*:).+)$/i.test(uri);

	return fieldError(value) || (good ? '' :
		'must be a sip:, sips: or tel: URI, or a number');
}


function headerError(name, value, names)
{
	if (!name)
		return value ? 'needs a name' : '';
	if (!TOKEN.test(name))
		return `${name}: is not a header name`;
	if (names.has(name.toLowerCase()))
		return `${name}: stands there twice`;

	return fieldError(value) && `${name}: ${fieldError(value)}`;
}


/*
 * The target is an address, or a live call whose far end is to be met; then
 * the address may be left out.
 */
function putTarget(verb, draft, errors)
{
	const referTo = draft.referTo.trim();

	if (referTo || !draft.replaces)
		verb.referTo = referTo;
	if (draft.replaces)
		verb.replaces = draft.replaces;

	if (referTo)
		errors.referTo = targetError(referTo);
	else if (!draft.replaces)
		errors.referTo = 'is required';
}


/* A hook is a word, a URL, or an object that has one, typed as JSON. */
function putHook(verb, draft, errors, name)
{
	const text = draft[name].trim();

	errors[name] = fieldError(text);
	if (text)
		verb[name] = text;
	if (!text.startsWith('{'))
		return;

	try {
		verb[name] = JSON.parse(text);
	}
	catch {
		/* what it should be is said below */
	}
	if (typeof verb[name].url !== 'string')
		errors[name] = 'must be JSON with a url';
}


function putTexts(verb, draft, errors)
{
	for (const name of ['referredBy', 'referredByDisplayName', 'id']) {
		const value = draft[name].trim();
		if (!value)
			continue;
		verb[name] = value;
		errors[name] = name === 'referredBy' ? targetError(value) :
			fieldError(value);
	}
	for (const name of ['actionHook', 'eventHook'])
		putHook(verb, draft, errors, name);
}


function putHeaders(verb, draft, errors, name)
{
	const names = new Set();
	const headers = {};

	draft[name].forEach(([rawName, value], i) => {
		const header = rawName.trim();

		errors[`${name}.${i}`] = headerError(header, value, names);
		if (header) {
			headers[header] = value;
			names.add(header.toLowerCase());
		}
	});

	if (names.size)
		verb[name] = headers;
}


function putTimeouts(verb, draft, errors)
{
	for (const name of ['notify', 'ringing']) {
		if (!draft[name].trim())
			continue;

		const seconds = Number(draft[name]);
		if (seconds > 0)
			verb.timeouts = { ...verb.timeouts, [name]: seconds };
		else
			errors[name] = 'must be a number of seconds';
	}
}


function onlyReal(errors)
{
	return Object.fromEntries(Object.entries(errors).filter(
		([, error]) => error));
}


/** Make the verb of a form: {verb, errors}, errors by field, those of headers
    by their index */
export function verbFromDraft(draft)
{
	const verb = { verb: 'sip:refer' };
	const errors = {};

	putTarget(verb, draft, errors);
	putTexts(verb, draft, errors);
	putHeaders(verb, draft, errors, 'headers');
	putHeaders(verb, draft, errors, 'targetHeaders');
	putTimeouts(verb, draft, errors);
	if (draft.force)
		verb.force = true;

	return { verb, errors: onlyReal(errors) };
}


/** Make the verb play of what was typed, as above */
export function playFromDraft({ url, loop, actionHook })
{
	const verb = { verb: 'play', url };
	const times = Number(loop);

	if (loop)
		verb.loop = loop === 'forever' ? loop : times;
	if (actionHook)
		verb.actionHook = actionHook;

	return { verb, errors: onlyReal({
		url: url ? fieldError(url) : 'is required',
		loop: !loop || loop === 'forever' || (Number.isInteger(times)
			&& times >= 0) ? '' : 'must be a number, or forever',
		actionHook: fieldError(actionHook),
	}) };
}

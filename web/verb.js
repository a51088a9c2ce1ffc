/**
 * @file verb.js  From the text of a form to a verb, with an error for each field
 *
 * Copyright (C) 2026 the sip_refer authors
 */

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/* C0 controls, DEL and C1 controls. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;


/** The fields of an empty form. `others` has the targets after the first, one
    per line. */
export function emptyDraft()
{
	return { referTo: '', others: '', onUnknown: '',
		 uui: '', replaces: '', referredBy: '',
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


/* The obvious errors; referd and baresip find the others. */
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
		return value ? 'The header needs a name' : '';
	if (!TOKEN.test(name))
		return `${name} is not a header name`;
	if (names.has(name.toLowerCase()))
		return `${name} is there twice`;

	return fieldError(value) && `${name} ${fieldError(value)}`;
}


function otherTargets({ others }, errors)
{
	const list = others.split('\n').map((s) => s.trim()).filter(Boolean);
	const wrong = list.find(targetError);

	errors.others = wrong ? `${targetError(wrong)}; “${wrong}” is not` :
		list.length > 7 ? 'must have at most 7 lines' : '';

	return list;
}


/* The target is an address. In an attended transfer it is the far end of
   another live call, and the address may be empty. If a target fails, the next
   one is tried. */
function putTarget(verb, draft, errors)
{
	const referTo = draft.referTo.trim();
	const others = otherTargets(draft, errors);

	if (referTo || !draft.replaces)
		verb.referTo = others.length ? [referTo, ...others] : referTo;
	if (draft.replaces)
		verb.replaces = draft.replaces;
	if (others.length && draft.onUnknown)
		verb.onUnknown = draft.onUnknown;

	if (referTo)
		errors.referTo = targetError(referTo);
	else if (!draft.replaces)
		errors.referTo = 'is required';
	if (others.length && draft.replaces)
		errors.referTo = 'must be the only target of an attended ' +
			'transfer';
}


/* User-to-User as a header field has it: DATA;encoding=hex;purpose=… */
function putUui(verb, { uui }, errors)
{
	const [data, ...rest] = uui.split(';').map((s) => s.trim());
	const wrong = rest.find((s) =>
		!/^(encoding|purpose|content)=[\w-]+$/.test(s));

	if (!uui.trim())
		return;

	verb.uui = { data, ...Object.fromEntries(rest.map((s) =>
		s.split('='))) };
	errors.uui = fieldError(data);
	if (wrong)
		errors.uui = 'must be data, then ;encoding=, ;purpose= or ' +
			';content= with a name';
	else if (/^(hex)?$/i.test(verb.uui.encoding || '') &&
		 !/^([\da-f]{2})+$/i.test(data))
		errors.uui ||= 'must be hex digits, two for each octet';
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
		/* reported below */
	}
	if (typeof verb[name].url !== 'string')
		errors[name] = 'must be JSON with a url';
}


/* Fields that name a party. */
const PARTY_FIELDS = ['referredBy', 'callerId'];


function putTexts(verb, draft, errors, names)
{
	for (const name of names) {
		const value = draft[name].trim();
		if (!value)
			continue;
		verb[name] = value;
		errors[name] = PARTY_FIELDS.includes(name) ?
			targetError(value) : fieldError(value);
	}
	for (const name of ['actionHook', 'eventHook'])
		putHook(verb, draft, errors, name);
}


function headersOf(draft, errors, name)
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

	return names.size ? headers : undefined;
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
    by index */
export function verbFromDraft(draft)
{
	const verb = { verb: 'sip:refer' };
	const errors = {};

	putTarget(verb, draft, errors);
	putTexts(verb, draft, errors, ['referredBy', 'referredByDisplayName',
				       'id']);
	for (const name of ['headers', 'targetHeaders']) {
		const headers = headersOf(draft, errors, name);
		if (headers)
			verb[name] = headers;
	}
	putUui(verb, draft, errors);
	putTimeouts(verb, draft, errors);
	if (draft.force)
		verb.force = true;

	return { verb, errors: onlyReal(errors) };
}


/** The cases in which no target takes the call */
export const DISPOSITIONS = { onNoAnswer: 'no answer', onBusy: 'busy',
			      onDecline: 'declined', onFailure: 'failure' };


/** The fields of an empty form of the verb transfer */
export function emptyTransfer()
{
	return { ...Object.fromEntries(['target', 'others', 'timeout',
		'callerId', 'id', 'voicemailUrl', 'actionHook', 'eventHook',
		'prompt', 'digit', 'brief', 'onHoldHook',
		...Object.keys(DISPOSITIONS)].map((name) => [name, ''])),
	mode: 'blind', headers: [['', '']] };
}


/* A target is a URI, a number, or the name of a user. */
function targetOf(text, headers)
{
	const target = /^(sips?|tel):|[<]/i.test(text) ?
		{ type: 'sip', sipUri: text } :
		/^\+?[\d\s().\-/]+$/.test(text) ?
			{ type: 'phone', number: text } :
			{ type: 'user', name: text };

	return headers ? { ...target, headers } : target;
}


function putDispositions(verb, draft, errors)
{
	const given = Object.keys(DISPOSITIONS).filter((name) => draft[name])
		.map((name) => [name, draft[name]]);
	const url = draft.voicemailUrl.trim();

	if (url)
		given.push(['voicemailUrl', url]);
	if (given.length)
		verb.disposition = Object.fromEntries(given);

	errors.voicemailUrl = fieldError(url);
	if (!url && given.some(([, what]) => what === 'voicemail'))
		errors.voicemailUrl = 'is required';
	else if (url && !/^(sips?:.+|https?:\/\/.+)$/i.test(url))
		errors.voicemailUrl = 'must be a sip: URI or an http(s): URL';
}


/* The prompt for a target that is called first, and its key. */
function putWarm(verb, draft, errors)
{
	const prompt = draft.prompt.trim();
	const digit = draft.digit.trim();
	const brief = draft.brief.trim();

	verb.callerPresent = false;
	for (const name of ['prompt', 'brief'])
		errors[name] = fieldError(draft[name].trim());
	if (prompt || digit) {
		verb.confirm = { prompt, digit };
		errors.prompt ||= prompt ? '' : 'is required with a digit';
		errors.digit = /^[\d*#A-D]$/i.test(digit) ? '' :
			'must be one key: 0 to 9, * or #';
	}
	if (brief)
		verb.brief = { url: brief };
	putHook(verb, draft, errors, 'onHoldHook');
}


/** Make the verb transfer of a form, as above */
export function transferFromDraft(draft)
{
	const errors = {};
	const verb = { verb: 'transfer', mode: draft.mode };
	const headers = headersOf(draft, errors, 'headers');
	const target = draft.target.trim();

	if (draft.mode === 'blind')
		verb.blindMethod = 'refer';
	verb.target = [target, ...otherTargets(draft, errors)].map((text) =>
		targetOf(text, headers));
	errors.target = target ? targetError(target) : 'is required';
	if (draft.timeout.trim()) {
		verb.timeout = Number(draft.timeout);
		errors.timeout = verb.timeout > 0 ? '' :
			'must be a number of seconds';
	}
	putTexts(verb, draft, errors, ['callerId', 'id']);
	if (draft.mode === 'warm')
		putWarm(verb, draft, errors);
	putDispositions(verb, draft, errors);

	return { verb, errors: onlyReal(errors) };
}


/** Make the verb play of a form, as above */
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

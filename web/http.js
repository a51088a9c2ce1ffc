/**
 * @file http.js  HTTP requests to referd, and the token
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { $, stored } from './dom.js';

let token = '';


/** Take the token from the address, and remove it there; or from the last load
    of this tab */
export function takeToken()
{
	const [, given] = /^#token=([^&/]+)/.exec(location.hash) || [];

	token = stored('sessionStorage', 'token');
	if (!given)
		return;

	history.replaceState(null, '', '#/');
	keepToken(decodeURIComponent(given));
}


/** Keep a token as long as the tab is open */
export function keepToken(text)
{
	token = text;
	stored('sessionStorage', 'token', text);
}


/** The token, '' if there is none */
export function currentToken()
{
	return token;
}


/*
 * Get what `read` makes of an answer. Without a valid token the page asks the
 * user for one, once at a time.
 */
async function get(path, read)
{
	const headers = token ? { Authorization: `Bearer ${token}` } : {};
	const used = token;
	let status = 0;
	let body = null;

	try {
		const answer = await fetch(path, { headers });
		({ status } = answer);
		body = await (status === 200 ? read(answer) : answer.json());
	}
	catch {
		/* reported below */
	}
	if (status === 401 && used === token && !$('auth').open)
		$('auth').showModal();

	return status === 200 && body ? { status, body, error: '' } :
		{ status, body: null, error: body?.error ||
			'referd does not answer.' };
}


/**
 * Get JSON from referd, by a path relative to the page
 *
 * @return {status, body, error}: a sentence if there is no body
 */
export function getJson(path)
{
	return get(path, (answer) => answer.json());
}


/** Get a file from referd, likewise: its body is a Blob */
export function getFile(path)
{
	return get(path, (answer) => answer.blob());
}

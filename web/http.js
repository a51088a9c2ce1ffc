/**
 * @file http.js  What the page asks of referd over HTTP, and its token
 *
 * Copyright (C) 2026 the sip_refer authors
 */

let token = '';


/**
 * Take the token: from the address, which it leaves at once, or from the last
 * load of this tab
 */
export function takeToken()
{
	const [, given] = /^#token=([^&/]+)/.exec(location.hash) || [];

	try {
		token = sessionStorage.getItem('token') || '';
	}
	catch {
		/* no storage: a reload asks for it */
	}
	if (!given)
		return;

	history.replaceState(null, '', '#/');
	keepToken(decodeURIComponent(given));
}


/** Keep a token for as long as this tab lives */
export function keepToken(text)
{
	token = text;
	try {
		sessionStorage.setItem('token', text);
	}
	catch {
		/* as above */
	}
}


/** The token, '' if there is none */
export function currentToken()
{
	return token;
}


/**
 * Get JSON from referd
 *
 * @param path  Path, relative to the page
 *
 * @return {status, body}; status 0 if there was no answer, body null if it
 *         was no JSON
 */
export async function getJson(path)
{
	const headers = token ? { Authorization: `Bearer ${token}` } : {};

	try {
		const answer = await fetch(path, { headers });
		const body = await answer.json().catch(() => null);

		return { status: answer.status, body };
	}
	catch {
		return { status: 0, body: null };
	}
}

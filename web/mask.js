/**
 * @file mask.js  Numbers with all but their last digits hidden
 *
 * Copyright (C) 2026 the sip_refer authors
 */

/* Six or more digits, with the usual marks between them, are a phone number,
   except in an address, a date or an id. */
const NUMBER = new RegExp('(?<![\\w.-]|tag=|branch=)\\+?\\d' +
	'(?:[ ()/.-]{0,2}\\d){5,}(?!\\w|[.-]\\w)', 'g');
const NO_NUMBER = /^(\d{4}-\d\d-\d\d|\d+(\.\d+){3}$)/;

/* In the user part of a URI, three digits are a number. */
const USER = new RegExp(['(?<=(?:^|[\\s<"“(])(?:(?:sips?|tel):)?)' +
	'\\+?[\\d().-]{3,}(?=@)', '(?<=\\btel:)\\+?[\\d().-]{3,}(?=$|[;>?])',
	'(?<=\\bsips?:)\\+?\\d{3,}(?=$|[;>?])'].join('|'), 'gi');

/* Members of a message that name a party, and members without a number. */
const PARTY = /^(from|to|refer_?to|referred_?by|target|far|caller_name)$/i;
const EXACT = new RegExp('^(time|started|ended|boot|msgid|ref|via|cseq|' +
	'call-id|callsid|.*_s?id|id)$', 'i');

let on = false;


function hide(number)
{
	const digits = number.replace(/\D/g, '').length;
	let left = digits - (digits < 6 ? 2 : 3);

	return digits < 3 ? number :
		number.replace(/\d/g, (d) => left-- > 0 ? '•' : d);
}


/** Hide the phone numbers in a text */
export function masked(text)
{
	const swap = (n) => NO_NUMBER.test(n) ? n : hide(n);

	return String(text).replace(USER, swap).replace(NUMBER, swap);
}


/** Hide the number of a party, also a short one */
export function maskedParty(text)
{
	const s = String(text);

	return /^\+?[\d ().\-/]+$/.test(s) && !NO_NUMBER.test(s) ? hide(s) :
		masked(s);
}


/** Hide the numbers in a message */
export function maskedJson(value, key = '')
{
	if (Array.isArray(value))
		return value.map((v) => maskedJson(v, key));
	if (value && typeof value === 'object')
		return Object.fromEntries(Object.entries(value).map(
			([k, v]) => [k, maskedJson(v, k)]));
	if (typeof value !== 'string' || EXACT.test(key))
		return value;

	return PARTY.test(key) ? maskedParty(value) : masked(value);
}


/** Whether numbers are hidden; with an argument, change that */
export function masking(value = on)
{
	on = value;

	return on;
}


/** A text, a party, a named field with its numbers hidden, if they are */
export function veil(text)
{
	return on ? masked(text) : text;
}


export function veilParty(text)
{
	return on ? maskedParty(text) : text;
}


export function veilField(name, value)
{
	return on ? maskedJson(value, name) : value;
}

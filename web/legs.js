/**
 * @file legs.js  The attempts of one verb, as legs of one ladder
 *
 * Copyright (C) 2026 the sip_refer authors
 */
import { callTransfers } from './steps.js';
import { outcomeWord, party, result, status } from './words.js';


/** The transfers of one verb, in their order. A second verb with the same id
    begins again with attempt 1. */
export function legsOf(model, t)
{
	if (!t.attempt)
		return [t];

	let legs = [];
	for (const leg of callTransfers(model, t.call_sid).filter((x) =>
		x.attempt && x.verb_id === t.verb_id).sort((a, b) =>
		a.requested - b.requested || a.attempt - b.attempt)) {
		if (leg.attempt <= legs.at(-1)?.attempt) {
			if (legs.includes(t))
				break;
			legs = [];
		}
		legs.push(leg);
	}

	return legs;
}


/** "attempt 2 of 3", '' if the verb has one target */
export function attemptText({ attempt, attempts })
{
	return attempt && attempts > 1 ? `attempt ${attempt} of ${attempts}` :
		'';
}


/** The heading of a leg: its number, its target, its result */
export function legText(t)
{
	const came = result(t);
	const word = outcomeWord(t);

	return `Attempt ${t.attempt} of ${Math.max(t.attempts || 0,
		t.attempt)}: ${party(t.refer_to)}, ${word.toLowerCase()}${
		came && came !== t.outcome ? ` (${came})` : ''}`;
}


/** The result of a verb `transfer`, '' while it runs */
export function verbText({ verb_result: word, verb_reason: why })
{
	return word ? `The verb ended as ${word}${why ? ` (${why})` : ''}.` :
		'';
}


/** The late result of a leg, or that there may be one */
export function openText(t)
{
	if (t.late_status)
		return `Later the far end reported ${
			status(t.late_status, t.late_reason)}.`;

	return t.outcome === 'cancelled' && t.accepted ?
		'The target may still answer. The page shows a late ' +
		'result here.' : '';
}

/**
 * @file members.js  The state of a fleet, without the DOM
 *
 * Copyright (C) 2026 the sip_refer authors
 */

/** The view of a word: {scope, member} */
export function chosenView(value)
{
	const [, member] = /^only:(.+)$/s.exec(value) || [];

	return { scope: value === 'local' ? value : 'fleet',
		 member: member || '' };
}


/** The word of a view */
export function viewValue({ scope, member })
{
	return member ? `only:${member}` : scope;
}


/** The known members, in the order of their names */
export function membersOf({ fleet })
{
	return [...fleet?.members || []].sort((a, b) =>
		a.member < b.member ? -1 : 1);
}


/* The facts whose change is news. */
function gist(fleet)
{
	return fleet && JSON.stringify([fleet.state, fleet.reason,
		fleet.members.map((m) => [m.member, m.reachable, m.version])]);
}


/**
 * Apply the state of the fleet, as in fleet:status and /healthz
 *
 * @return true if it has news
 */
export function fleetTake(model, fleet)
{
	const before = gist(model.fleet);

	if (Array.isArray(fleet?.members))
		model.fleet = fleet;

	return gist(model.fleet) !== before;
}


/** Whether the machine of a call is out of reach */
export function unreachable(model, { member })
{
	return model.scope === 'fleet' && model.fleet?.members.find((m) =>
		m.member === member)?.reachable === false;
}


function missing({ members })
{
	const gone = members.filter((m) => !m.reachable);

	return gone.length > 1 ? `${gone.length} machines` : gone[0]?.member;
}


/** The state of a fleet in few words, and the look of them */
export function fleetWord(fleet)
{
	if (!fleet)
		return { text: '', state: '' };
	if (fleet.state === 'down')
		return { text: 'Fleet down', state: 'failed' };
	if (missing(fleet))
		return { text: `${missing(fleet)} not reachable`,
			 state: 'failed' };
	if (fleet.state === 'behind')
		return { text: `Fleet behind by ${fleet.lag}`,
			 state: 'unknown' };

	return { text: `Fleet of ${fleet.members.length}`,
		 state: 'transferred' };
}


const ALONE = ' This machine reports its own calls to the fleet, and has ' +
	'no view of the others: open the page of a machine with a view.';


/** The same in a sentence or two */
export function fleetSentence(fleet)
{
	const { state, reason, lag, member, members } = fleet;
	const sees = members.find((m) => m.member === member)?.view;

	switch (state) {

	case 'down':
		return `NATS is down${reason ? ` (${reason})` : ''}. ` +
			'The calls of this machine continue. The events of ' +
			'the others follow, without a gap, when it is up.';
	case 'behind':
		return `This machine has ${lag ?? 'some'} messages of the ` +
			'fleet still to read.';
	default:
		return `NATS is ${state}.${sees ? '' : ALONE}`;
	}
}


/** The sentence of a message that reports a loss */
export function gapText({ type, member, data = {} })
{
	const many = (n = 0, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

	if (type === 'node:lost')
		return `${data.member ?? member} is lost, with ${
			many(data.calls, 'call')} and ${
			many(data.transfers, 'running transfer')}.`;

	return `The stream of the fleet lacks ${data.count} messages of ${
		member} (${data.from} to ${data.to} there): only ${member} ` +
		'may have them.';
}

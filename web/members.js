/**
 * @file members.js  What is known of a fleet, with no DOM
 *
 * Copyright (C) 2026 the sip_refer authors
 */

/** What one looks at, by the word for it: {scope, member} */
export function chosenView(value)
{
	const [, member] = /^only:(.+)$/s.exec(value) || [];

	return { scope: value === 'local' ? value : 'fleet',
		 member: member || '' };
}


/** The word for it */
export function viewValue({ scope, member })
{
	return member ? `only:${member}` : scope;
}


/** The members that are known, by name */
export function membersOf({ fleet })
{
	return [...fleet?.members || []].sort((a, b) =>
		a.member < b.member ? -1 : 1);
}


/* What a person would want to hear of. */
function gist(fleet)
{
	return fleet && JSON.stringify([fleet.state, fleet.reason,
		fleet.members.map((m) => [m.member, m.reachable, m.version])]);
}


/**
 * Take over what is known of the fleet, as fleet:status and /healthz tell
 *
 * @return true if there is something new in it
 */
export function fleetTake(model, fleet)
{
	const before = gist(model.fleet);

	if (Array.isArray(fleet?.members))
		model.fleet = fleet;

	return gist(model.fleet) !== before;
}


/** Whether the machine of a call does not answer now */
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


/** How a fleet does, in few words, and as what they are to be seen */
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


const ALONE = ' It tells the fleet of its own calls, and does not see ' +
	'those of others: open the page of a machine that sees all.';


/** The same in a sentence or two */
export function fleetSentence(fleet)
{
	const { state, reason, lag, member, members } = fleet;
	const sees = members.find((m) => m.member === member)?.view;

	switch (state) {

	case 'down':
		return `The engine is down${reason ? ` (${reason})` : ''}. ` +
			'Calls of this machine go on; what others do comes ' +
			'when it is up again, nothing left out.';
	case 'behind':
		return `${lag ?? 'Some'} messages of the fleet are still to ` +
			'be read by this machine.';
	default:
		return `The engine is ${state}.${sees ? '' : ALONE}`;
	}
}


/** What a message says that tells of something lost */
export function gapText({ type, member, data = {} })
{
	const many = (n = 0, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

	if (type === 'node:lost')
		return `${data.member ?? member} is lost, with ${
			many(data.calls, 'call')} and ${
			many(data.transfers, 'running transfer')}.`;

	return `${data.count} messages of ${member} (${data.from} to ${
		data.to} there) are not in the stream of the fleet: only ` +
		`${member} itself may have them.`;
}

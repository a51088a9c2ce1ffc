/**
 * @file count.js  The number of times that each item occurs in a list
 *
 * Copyright (C) 2026 the sip_refer authors
 */

/** A map of counts, by the `keyOf` of each item. */
export function count(list, keyOf = (item) => item)
{
	const counts = new Map();

	for (const item of list)
		counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);

	return counts;
}

/**
 * @file scope.test.js  Requests for the scope of a fleet without a fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { scene } from './lib/scene.js';


scene('who asks for a fleet that is not seen here is told so', async (s) => {
	const { http } = await s.referd();
	const get = async (path) => {
		const answer = await fetch(http + path);

		return [answer.status, await answer.json().catch(() => 'text')];
	};
	const paths = ['/calls', '/transfers', '/transfers/t', '/stats',
		'/metrics'];

	for (const path of paths) {
		assert.deepEqual(await get(`${path}?scope=fleet`), [400, {
			field: 'scope', error: 'scope must be local: this ' +
				'referd has no view of the fleet (--fleet-view)',
		}], path);
		assert.deepEqual(await get(`${path}?scope=all`), [400, {
			field: 'scope',
			error: 'scope must be local or fleet' }], path);
		assert.deepEqual(await get(`${path}?member=gw2`), [400, {
			field: 'member',
			error: 'member must be given with scope=fleet' }], path);
		assert.equal((await get(`${path}?scope=local&member=`))[0],
			path === '/transfers/t' ? 404 : 200, path);
	}
	assert.equal((await get('/healthz'))[1].fleet, undefined);
});

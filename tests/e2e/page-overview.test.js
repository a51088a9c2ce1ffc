/**
 * @file page-overview.test.js  The page's last hour, and its gateways
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { Browser } from './lib/browser.js';
import { Node } from './lib/node.js';
import { says, seen, text } from './lib/page.js';
import { scene } from './lib/scene.js';


scene('the last hour stands there in plots, each with its sentence',
	async (s) => {
	const referd = await s.referd();
	const node = await Node.connect(referd.socket, 'gw1');
	const call = node.call();

	s.join({ process: { name: 'gw1', alive: false, log: node.requests,
		kill: async () => node.disconnect() } });

	const b = await Browser.start(s);
	const { page } = b;
	const transfer = (id, ms, end) => {
		const time = Date.now() - 60_000;
		const step = (name, fields) => node.report({ type: 'transfer',
			call_sid: call.sid, transfer_id: id, ref: 'none',
			step: name, refer_to: 'sip:bob@example.com',
			...fields });

		step('requested', { time });
		step('ended', { time: time + ms, refer_status: 202, ...end });
	};

	await page.goto(`${referd.http}/#/overview`);
	await says(b, '#minutes-text', /^No transfer has ended/);
	await says(b, '#final-text', /^No final NOTIFY arrived/);
	await says(b, '#node-rows', /gw1.*connected.*baresip 1\.0\.0/s);

	for (let i = 0; i < 3; i++)
		transfer(`ok-${i}`, 2000, { call_status: 200,
			outcome: 'transferred', evidence: 'notify' });
	transfer('busy', 8000, { call_status: 486, outcome: 'failed',
		evidence: 'notify' });
	transfer('lost', 900, { outcome: 'unknown', evidence: 'node' });

	await says(b, '#tiles', /Transfers\s*5/);
	await says(b, '#tiles', /Success\s*60 %\s*3 of 5/);
	await says(b, '#shares', /Transferred\s*3\s*60 %/);
	await says(b, '#shares', /Failed\s*1\s*20 %/);
	await says(b, '#final-text', /^Half of 4 final NOTIFYs arrived within 2 s/);
	await says(b, '#minutes-text', /^5 transfers ended in the last hour, at most \d/);
	for (const plot of ['#minutes .plot', '#final .plot'])
		assert.equal(await page.locator(plot)
			.getAttribute('aria-label'), await text(b,
			`${plot.split(' ')[0]}-text`));
	assert.ok(await page.locator('.bar.bad').count() >= 1);

	node.disconnect();
	await says(b, '#tiles', /Gateways\s*0 of 1/);
	await says(b, '#node-rows', /gw1.*baresip (has disconnected|is gone)/s);
	await seen(b, '.bar .node[data-connected="false"]');
	assert.deepEqual(b.errors, []);
});

/**
 * @file misbehave.js  The carrier of the demo that misbehaves, in a container
 *
 * Copyright (C) 2026 the sip_refer authors
 *
 * CARRIER is the name of its behaviour in docs/carriers.md, ADDRESS its own
 * address, GATEWAY that of the gateway. It calls the gateway again when all
 * calls are over.
 */

import { Carrier } from '../../scripts/demo/carrier.js';

const { CARRIER: name, ADDRESS: ip = '10.77.0.2',
	GATEWAY: gateway = '10.77.0.1' } = process.env;

process.on('SIGTERM', () => process.exit(0));

try {
	const carrier = await Carrier.start({ name: name || 'answered', ip,
		to: [gateway, 5060], tell: console.log });

	await carrier.telephone((event, text) => console.log(text));
}
catch (err) {
	console.error(err.message);
	process.exitCode = 1;
}

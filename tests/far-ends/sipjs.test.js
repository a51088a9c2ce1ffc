/**
 * @file sipjs.test.js  A phone with SIP.js is transferred, behind kamailio
 *
 * Each of its NOTIFYs claims to be the last.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { phone, skip } from './lib/edge.js';
import { asked, askedAttended, askedLong } from './lib/stack.js';

/* the reason phrase of kamailio, passed on */
const TRYING = 'refer, terminated: ' +
	'100 trying -- your call is important to us';

const sipjs = (s) => phone(s, 'sipjs');

asked(sipjs, { skip,
	answered: [TRYING, 'refer, terminated: 180 Ringing',
		'refer, terminated: 200 OK'],
	busy: [TRYING, 'refer, terminated: 486 Busy Here'] });
askedLong(sipjs, { skip, status: 180 });
askedAttended(sipjs, { skip });

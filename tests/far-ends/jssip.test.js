/**
 * @file jssip.test.js  A phone with JsSIP is transferred, behind kamailio
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { phone, skip } from './lib/edge.js';
import { asked, askedAttended, askedLong } from './lib/stack.js';

const jssip = (s) => phone(s, 'jssip');

asked(jssip, { skip,
	answered: ['refer;id=CSEQ, active: 100 Trying',
		'refer;id=CSEQ, active: 180 Ringing',
		'refer;id=CSEQ, terminated;reason=noresource: 200 OK'],
	busy: ['refer;id=CSEQ, active: 100 Trying', 'refer;id=CSEQ, ' +
		'terminated;reason=noresource: 486 Busy Here'] });
askedLong(jssip, { skip, status: 180 });
askedAttended(jssip, { skip });

/**
 * @file twinkle.test.js  Twinkle is transferred
 *
 * It hangs up by itself after the target has answered.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { asked, askedAttended, askedLong } from './lib/stack.js';
import { skip, twinkle } from './lib/twinkle.js';

asked(twinkle, { skip,
	answered: ['refer;id=CSEQ, active: 100 Trying',
		'refer;id=CSEQ, active: 180 Ringing',
		'refer;id=CSEQ, terminated;reason=noresource: 200 OK'],
	busy: ['refer;id=CSEQ, active: 100 Trying', 'refer;id=CSEQ, ' +
		'terminated;reason=noresource: 486 Busy Here'] });
askedLong(twinkle, { skip, status: 180, leaves: true });
askedAttended(twinkle, { skip });

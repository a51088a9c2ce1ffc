/**
 * @file sofia.test.js  A phone on sofia-sip's nua is transferred
 *
 * It sends its first NOTIFY when the target rings, and reports each failure as
 * 503, regardless of the target's status.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { skip, sofia } from './lib/sofia.js';
import { asked, askedAttended, askedLate } from './lib/stack.js';

asked(sofia, { skip, failure: 503,
	answered: ['refer;id=CSEQ, active: 180 Ringing',
		'refer;id=CSEQ, terminated;reason=noresource: 200 OK'],
	busy: ['refer;id=CSEQ, terminated;reason=noresource: ' +
		'503 Service Unavailable'] });
askedLate(sofia, { skip });
askedAttended((s) => sofia(s, '--by-uri'), { skip });

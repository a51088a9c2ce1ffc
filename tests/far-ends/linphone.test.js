/**
 * @file linphone.test.js  linphonec is transferred
 *
 * It does not report ringing, writes `reason=` twice, and leaves a
 * subscription active after the transfer has failed. Meanwhile it holds the
 * call.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { linphone, skip } from './lib/linphone.js';
import { asked, askedAttended, askedLong } from './lib/stack.js';

asked(linphone, { skip,
	answered: ['refer, active: 100 Trying',
		'refer, terminated;reason=reason=noresource: 200 Ok'],
	busy: ['refer, active: 100 Trying',
		'refer, active: 486 Busy Here'] });
askedLong(linphone, { skip, status: 100 });
askedAttended(linphone, { skip });

/**
 * @file node-client-ws.js  A bot on @jambonz/node-client-ws
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { createServer } from 'node:http';
import jambonz from '@jambonz/node-client-ws';
import { listen } from './log.js';
import { talk } from './talk.js';

const server = createServer();
const service = jambonz.createEndpoint({ server })({ path: '/bot' });

for (const type of ['session:new', 'session:reconnect'])
	service.on(type, (session) => talk(session, type));

listen(server);

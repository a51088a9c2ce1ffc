/**
 * @file log.js  What a bot tells the test: one JSON object per line
 *
 * Copyright (C) 2026 the sip_refer authors
 */


export function log(event, data = {})
{
	process.stdout.write(JSON.stringify({ event, ...data }) + '\n');
}


/** What the test wants of the bot: its only argument. */
export const wish = { port: 0, targets: ['100', '200'], file: 'sorry.wav',
	...JSON.parse(process.argv[2] ?? '{}') };


/** Says where the bot is, once its server listens. */
export function listen(server)
{
	server.listen(wish.port, '127.0.0.1', () =>
		log('listening', { port: server.address().port }));
}

/**
 * @file run.js  Runs the measurements, and prints their table or their JSON
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { spawnSync } from 'node:child_process';
import { settings } from '../e2e/lib/settings.js';
import { fanout } from './fanout.js';
import { table } from './figures.js';
import { fleet } from './fleet.js';
import { gaps } from './gaps.js';
import { growth } from './growth.js';
import { savings } from './savings.js';
import { stops } from './stops.js';
import { sync } from './sync.js';
import { burst, latency, live, rate } from './transfers.js';

const measurements = { latency, burst, rate, live, fanout, growth,
	stops, savings, sync, gaps, fleet };

const usage = `usage: tests/bench/run [--json] [--quick] [NAME]...

Runs the named measurements, or all: ${Object.keys(measurements).join(', ')}.
Times are in µs; CPU is that of all processes of one kind. BUILD_DIR is the
directory of the programs (default build), BARESIP another baresip. Janus and
Asterisk are measured if they are installed. To use another Asterisk, set
ASTERISK to the command that runs it, and ASTERISK_ROOT to its root directory:
ASTERISK='chroot DIR asterisk' ASTERISK_ROOT=DIR.

TRIAL selects one part, by a piece of its name. Parts of gaps: idle, load,
clients, search, disk, name, hooks. Parts of fleet: local, far, costs, many,
sizes, catch-up, held.

--json   prints one JSON object instead of tables
--quick  makes a few transfers only, to check that it works
`;


function build()
{
	const { status, stderr } = spawnSync('cmake',
		['--build', settings.build, '--target', 'bench'],
		{ encoding: 'utf8' });

	if (status !== 0)
		throw new Error(`${settings.build} can't be built: ${stderr}`);
}


async function main(args)
{
	if (args.includes('--help')) {
		process.stdout.write(usage);
		return;
	}

	const json = args.includes('--json');
	const quick = args.includes('--quick');
	const names = args.filter((a) => !a.startsWith('--'));
	const unknown = names.find((name) => !measurements[name]);

	if (unknown)
		throw new Error(`${unknown} is none of ` +
			Object.keys(measurements).join(', '));
	build();

	const results = {};

	for (const [name, measure] of Object.entries(measurements)) {
		if (names.length && !names.includes(name))
			continue;
		results[name] = await measure({ quick });
		if (json)
			continue;
		for (const { title, rows } of results[name])
			console.log(`${title}\n\n${table(rows)}\n`);
	}

	if (json)
		console.log(JSON.stringify(results, null, 2));
}


main(process.argv.slice(2)).then(() => process.exit(0), (err) => {
	console.error(`bench: ${err.message}`);
	process.exit(1);
});

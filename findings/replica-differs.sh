#!/bin/sh
#
# The server that leads a stream is cut off from the two other replicas, and a
# client beside it goes on publishing. When the link is up again, this replica
# keeps the message that it never acknowledged, and lacks the ones that the
# others acknowledged meanwhile. It stays so, and is reported as current.
#
# nats-server 2.9.10 (Debian nats-server 2.9.10-1+b3) with nats 2.28.2 of npm.
# Needs root, network namespaces, ip, node, npm and nsenter. Not so with
# nats-server 2.10.27.
#
# processAppendEntry() of server/raft.go finds another term than the leader's at
# the end of its log, takes on the leader's term there, and keeps the entries.
# The client tries five times, with the same Nats-Msg-Id. Short pings let the
# servers drop their routes during the cut; with routes that survive it, this
# replica differs from the others in another way. Seen:
#
#     beside the leader that is cut off: TIMEOUT
#     the two others: before after-1 after-2 after-3 after-4 after-5
#     was cut off: before never-acknowledged
#     all are current: true

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"

need ip nsenter unshare
unshare -n true 2>/dev/null ||
	skip "this system gives no network namespace to a process"
from_npm nats@2.28.2
from_debian nats-server=2.9.10-1+b3
program=$(find root -name nats-server -type f -perm -u+x | head -n 1)

# Makes a network namespace, which lives as long as the process $!: `space NAME`
space()
{
	unshare -n sh -c "ip link set lo up
		: >$1.up
		exec sleep infinity" &
	pids="$pids $!"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ ! -e "$1.up" ] || return 0
		sleep 1
	done
	skip "the network namespace $1 does not start"
}

space bridge
bridge=$!
nsenter -t "$bridge" -n ip link add bridge type bridge
nsenter -t "$bridge" -n ip address add 10.0.0.254/24 dev bridge
nsenter -t "$bridge" -n ip link set bridge up

spaces=
for n in 1 2 3; do
	space "s$n"
	site=$!
	spaces="$spaces $site"
	nsenter -t "$bridge" -n ip link add "s$n" type veth \
		peer name eth0 netns "$site"
	nsenter -t "$bridge" -n ip link set "s$n" master bridge up
	nsenter -t "$site" -n ip address add "10.0.0.$n/24" dev eth0
	nsenter -t "$site" -n ip link set eth0 up

	cat >"s$n.conf" <<END
server_name: s$n
ping_interval: "500ms"
jetstream { store_dir: "js$n" }
cluster { name: test, host: 10.0.0.$n, port: 6222
	routes: [ nats-route://10.0.0.1:6222, nats-route://10.0.0.2:6222,
		nats-route://10.0.0.3:6222 ] }
END
	nsenter -t "$site" -n "$program" -c "s$n.conf" >"s$n.log" 2>&1 &
	pids="$pids $!"
done

# Runs beside the server that is cut off
cat >publish.mjs <<'END'
import { connect, headers } from 'nats';

const nc = await connect({ servers: '127.0.0.1' });
const seen = new Set();
const h = headers();

h.set('Nats-Msg-Id', '1');
for (let i = 0; i < 5; i++)
	seen.add(await nc.request('s', 'never-acknowledged',
		{ timeout: 1000, headers: h })
		.then((m) => m.string(), (err) => err.code));
console.log([...seen].join(' '));
await nc.close();
END

cat >try.mjs <<'END'
import { execFileSync } from 'child_process';
import { readFileSync } from 'fs';
import { connect } from 'nats';

const spaces = process.argv.slice(2);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let nc;

/* Repeats a question until the answer is a good one. */
async function until(question)
{
	for (;;) {
		const answer = await question().catch(() => {});

		if (answer)
			return answer;
		await sleep(200);
	}
}

async function ask(subject, text)
{
	const m = await nc.request(subject, text, { timeout: 2000 });
	const answer = m.json();

	if (answer.error)
		throw new Error(answer.error.description);

	return answer;
}

const api = (name, question = {}) =>
	ask(`$JS.API.${name}`, JSON.stringify(question));
const publish = (text) => until(() => ask('s', text));
const server = (n) => until(() => connect({ servers: `10.0.0.${n}`,
	ignoreClusterUpdates: true }));
const cluster = async () => (await api('STREAM.INFO.S')).cluster;

async function current()
{
	const { replicas } = await cluster();

	return replicas.length === 2 && replicas.every((r) => r.current);
}

/* All messages, by a consumer at a server that the servers choose */
async function read(lists)
{
	const inbox = `deliver.${Math.random()}`;
	const sub = nc.subscribe(inbox);
	const texts = [];
	const info = await api('CONSUMER.CREATE.S', { stream_name: 'S', config: {
		deliver_subject: inbox, ack_policy: 'none', num_replicas: 1,
		mem_storage: true } });

	for await (const m of sub) {
		texts.push(m.string());
		if (m.reply.endsWith('.0')) /* none is pending */
			break;
	}
	lists[info.cluster.leader] = texts.join(' ');

	return Object.keys(lists).length === 3;
}

nc = await server(1);
await until(() => api('STREAM.CREATE.S', { name: 'S', subjects: ['s'],
	storage: 'file', num_replicas: 3 }));
await publish('before');
await until(current);
await sleep(2000);

const { leader } = await cluster();
const n = Number(leader.slice(1));

await nc.close();
nc = await server(n % 3 + 1);
execFileSync('ip', ['link', 'set', leader, 'down']);
console.log('beside the leader that is cut off:', execFileSync('nsenter',
	['-t', spaces[n - 1], '-n', 'node', 'publish.mjs']).toString().trim());
await until(async () => ![undefined, '', leader].includes(
	(await cluster()).leader));
for (let i = 1; i <= 5; i++)
	await publish(`after-${i}`);
await until(async () => readFileSync(`${leader}.log`).toString()
	.split('Router connection closed: Stale').length > 2);

execFileSync('ip', ['link', 'set', leader, 'up']);
await until(current);
await sleep(15_000);

const lists = {};

await until(() => read(lists));

const { [leader]: cutOff, ...others } = lists;

console.log('the two others:', [...new Set(Object.values(others))].join(' | '));
console.log('was cut off:', cutOff);
console.log('all are current:', await until(current));
await nc.close();
END
# shellcheck disable=SC2086 # three arguments
nsenter -t "$bridge" -n timeout 240 node try.mjs $spaces >seen || true

expect seen <<'END'
beside the leader that is cut off: TIMEOUT
the two others: before after-1 after-2 after-3 after-4 after-5
was cut off: before never-acknowledged
all are current: true
END

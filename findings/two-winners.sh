#!/bin/sh
#
# Of three clients that publish to JetStream on the condition that a subject is
# still at the sequence they know, two or three are told that they were first.
#
# nats-server 2.9.10 (Debian 12, 2.9.10-1+b3), libnats 3.4.1 (3.4.1-1+b1).
# Needs cc and OpenSSL 3's libssl (package libssl3); a cluster on 127.0.0.1.
#
# The header Nats-Expected-Last-Subject-Sequence is for compare-and-set: the
# first message changes the sequence, and the others are refused (10071, wrong
# last sequence). So it is with one replica. With three replicas of the stream,
# all servers up and nothing failing, more than one gets an acknowledgement in
# a third to two thirds of the rounds. (nats-server issue 4320 reports it of
# 2.9.15; the libnats call is js_Publish with ExpectLastSubjectSeq, which
# kvStore_Update uses, too.) Seen, of 200 rounds:
#
#     replicas 1: several winners never
#     replicas 3: several winners often (in 79 of the 200)

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
need cc
need_library libssl.so.3
from_debian nats-server=2.9.10-1+b3 libnats-dev=3.4.1-1+b1 \
	libnats3.4=3.4.1-1+b1 libprotobuf-c1=1.4.1-1+b1

cat >ports.c <<'END'
#include <arpa/inet.h>
#include <stdio.h>

/* Finds six ports that nobody listens on */
int main(void)
{
	for (int i = 0; i < 6; i++) {
		struct sockaddr_in a = {.sin_family = AF_INET};
		socklen_t size = sizeof a;
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if (bind(fd, (struct sockaddr *)&a, size) ||
		    getsockname(fd, (struct sockaddr *)&a, &size))
			return 1;
		printf("%d\n", ntohs(a.sin_port));
	}
	return 0;
}
END
cat >race.c <<'END'
#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	WRITERS = 3,
	ROUNDS = 200,
	TRIES = 60,
	PAUSE = 500, /* ms */
};

static pthread_barrier_t gate;
static atomic_ulong last;
static atomic_int winners;
static int several;
static char **urls;


static void must(natsStatus s, const char *what)
{
	if (s == NATS_OK)
		return;
	fprintf(stderr, "%s: %s\n", what, natsStatus_GetText(s));
	exit(1);
}


static jsCtx *engine(const char *url)
{
	natsConnection *nc;
	jsCtx *js;

	must(natsConnection_ConnectTo(&nc, url), "connect");
	must(natsConnection_JetStream(&js, nc, NULL), "jetstream");
	return js;
}


/* In each round all writers expect the sequence that all have seen */
static void *writer_thread(void *arg)
{
	jsCtx *js = engine(arg);

	for (int i = 0; i < ROUNDS; i++) {
		jsPubOptions options;
		jsPubAck *ack = NULL;

		jsPubOptions_Init(&options);
		options.ExpectLastSubjectSeq = last;

		pthread_barrier_wait(&gate);
		if (js_Publish(&ack, js, "claim.one", "x", 1, &options,
			       NULL) == NATS_OK)
			winners++;

		if (pthread_barrier_wait(&gate)) {
			several += winners > 1;
			winners = 0;
		}
		if (ack) {
			unsigned long was = last;

			while (was < ack->Sequence &&
			       !atomic_compare_exchange_weak(
				       &last, &was, ack->Sequence))
				;
		}
		pthread_barrier_wait(&gate);
		jsPubAck_Destroy(ack);
	}
	return NULL;
}


/* Tries until the cluster has a leader */
static void make_stream(jsCtx *js, int replicas)
{
	const char *subjects[] = {"claim.>"};
	jsStreamConfig config;
	jsPubAck *ack = NULL;
	natsStatus s = NATS_ERR;
	jsErrCode code = 0;

	jsStreamConfig_Init(&config);
	config.Name = "CLAIMS";
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Replicas = replicas;
	config.Storage = js_MemoryStorage;
	js_DeleteStream(js, config.Name, NULL, &code);
	for (int i = 0; s != NATS_OK && i < TRIES; i++) {
		s = js_AddStream(NULL, js, &config, NULL, &code);
		if (s != NATS_OK)
			nats_Sleep(PAUSE);
	}
	must(s, "stream");
	for (int i = 0; !ack && i < TRIES; i++) {
		if (js_Publish(&ack, js, "claim.one", "x", 1, NULL, &code))
			nats_Sleep(PAUSE);
	}
	if (!ack)
		must(NATS_ERR, "publish");
	last = ack->Sequence;
	jsPubAck_Destroy(ack);
}


int main(int argc, char *argv[])
{
	pthread_t threads[WRITERS];

	if (argc != 2 + WRITERS)
		return 2;
	urls = argv + 2;
	make_stream(engine(urls[0]), atoi(argv[1]));
	pthread_barrier_init(&gate, NULL, WRITERS);
	for (int i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, writer_thread, urls[i]);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);

	fprintf(stderr, "replicas %s: %d of %d rounds with several winners\n",
		argv[1], several, ROUNDS);
	printf("replicas %s: several winners %s\n", argv[1],
	       !several ? "never" : several > ROUNDS / 20 ? "often" : "rarely");
	return 0;
}
END
cc ports.c -o ports
cc race.c -o race -Iroot/usr/include -Llib -Wl,-rpath-link,lib \
	-lnats -pthread

# shellcheck disable=SC2046
set -- $(./ports)
routes="nats://127.0.0.1:$4, nats://127.0.0.1:$5, nats://127.0.0.1:$6"

# Starts a server: `serve NAME PORT PORT_OF_CLUSTER`
serve()
{
	cat >"$1.conf" <<-END
		server_name: $1
		listen: 127.0.0.1:$2
		jetstream { store_dir: "$PWD/$1", max_mem: 64M, max_file: 64M }
		cluster {
			name: findings
			listen: 127.0.0.1:$3
			routes: [ $routes ]
		}
	END
	root/usr/sbin/nats-server -c "$1.conf" >"$1.log" 2>&1 &
	pids="$pids $!"
}

serve server1 "$1" "$4"
serve server2 "$2" "$5"
serve server3 "$3" "$6"
sleep 1

for replicas in 1 3; do
	LD_LIBRARY_PATH=lib timeout 45 ./race "$replicas" \
		"nats://127.0.0.1:$1" "nats://127.0.0.1:$2" \
		"nats://127.0.0.1:$3"
done >seen

expect seen <<'END'
replicas 1: several winners never
replicas 3: several winners often
END

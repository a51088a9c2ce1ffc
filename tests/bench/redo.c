/**
 * @file redo.c  The gain by the redo log: the same transfers with it in
 * memory, with it on disk, and with a commit of SQLite for each turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/base.h"
#include "clock.h"
#include "store/ring.h"
#include "store/store.h"


/* Messages of a transfer: accepted, 100, 180, 200, and its end */
enum { STEPS = 5 };

static const char message[] =
	"{\"type\":\"transfer:status\",\"seq\":1000000,"
	"\"time\":\"2026-11-23T00:00:00.000Z\",\"call_sid\":\"%s\","
	"\"data\":{\"transfer_id\":\"%s\",\"verb_id\":\"v-%s\","
	"\"node\":\"gw1\",\"step\":\"ringing\",\"status\":180,"
	"\"reason\":\"Ringing\",\"refer_to\":\"sip:100@b.example\"}}";

static const char hook[] =
	"{\"id\":\"%s\",\"hook\":\"/transferred\",\"method\":\"POST\","
	"\"body\":{\"call_sid\":\"%s\",\"transfer_result\":\"transferred\"}}";


/* Each step is a turn of the loop, on disk before it is sent */
static int transfer(const char *id)
{
	struct archive_transfer t = {.id = id,
				     .call_sid = id,
				     .node = "gw1",
				     .started = clock_ms(),
				     .refer_to = "sip:100@b.example",
				     .words = {id, "gw1"}};
	char text[1024], key[64];
	int err = 0;

	(void)snprintf(key, sizeof(key), "hook-%s", id);
	for (int step = 1; step <= STEPS; step++) {
		t.seq = store_seq_next();
		(void)snprintf(text, sizeof(text), message, id, id, id);
		store_message(t.seq, NULL, id, true, text);

		if (step == STEPS) {
			t.ended = clock_ms();
			t.outcome = "transferred";
			t.code = 200;
			t.notified = true;
		}
		t.data = text;
		archive_put(&t);
		err |= store_commit();
	}

	(void)snprintf(text, sizeof(text), hook, id, id);
	store_put(STORE_OUTBOX, key, text);
	store_put(STORE_SESSIONS, id, text);
	err |= store_commit();

	store_forget(STORE_OUTBOX, key);
	store_forget(STORE_SESSIONS, id);
	err |= store_commit();

	return err;
}


static int run(const char *way, const char *dir, unsigned count)
{
	uint64_t begin, cpu;
	char id[32];
	int err;

	err = store_open(dir);
	if (err)
		return err;

	begin = bench_now();
	cpu = bench_cpu();
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "%016llx",
			       (unsigned long long)store_seq());
		err |= transfer(id);
	}
	store_close();
	if (!err)
		(void)printf("%s,%.1f,%.1f\n", way,
			     (double)(bench_now() - begin) / count / 1000,
			     (double)(bench_cpu() - cpu) / count / 1000);

	return err;
}


/* DIRECTORY TRANSFERS ROUNDS: prints each round as way, µs and µs of the CPU
   for a transfer */
int main(int argc, char *argv[])
{
	static const char *const nowhere[] = {NULL};
	char with[512], without[512], log[600];
	const unsigned count = argc == 4 ? (unsigned)atoi(argv[2]) : 0;
	const int rounds = argc == 4 ? atoi(argv[3]) : 0;
	int err = 0;

	if (!count || rounds < 1) {
		(void)fprintf(stderr, "usage: %s DIRECTORY TRANSFERS ROUNDS\n",
			      argv[0]);
		return 2;
	}

	(void)snprintf(with, sizeof(with), "%s/with", argv[1]);
	(void)snprintf(without, sizeof(without), "%s/without", argv[1]);
	(void)snprintf(log, sizeof(log), "%s/referd.redo", without);

	/* nothing can be written to its log */
	log_level_set(LOG_ERROR);
	if (mkdir(without, 0700) || symlink("/dev/full", log))
		err = errno;

	for (int i = 0; !err && i < rounds; i++) {
		ring_try(NULL);
		err = run("redo log", with, count);
		ring_try(nowhere);
		if (!err)
			err = run("redo log on disk", with, count);
		if (!err)
			err = run("a commit per turn", without, count);
	}

	if (err)
		(void)fprintf(stderr, "bench-redo: %s\n", strerror(err));

	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

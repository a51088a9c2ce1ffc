/**
 * @file retention.c  How long the past is kept
 *
 * Records that are too old, or too many, are removed in steps too small to
 * disturb clients.  The messages of a call stay while the call lives or has
 * hooks to deliver.  A thread collects candidates, but does not know the live
 * calls; the loop decides, and writes the removal as any other write.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "block.h"
#include "db.h"
#include "json.h"
#include "record.h"
#include "retention.h"
#include "schema.h"
#include "store.h"


enum {
	STEP_BLOCKS = 8,
	STEP_TRANSFERS = 256,
	CALLS_SIZE = 4096, /* bytes that are added for calls, at least */
};

static const int64_t day = 24 * 60 * 60 * 1000;   /* in ms */
static const int64_t megabyte = INT64_C(1) << 20; /* in bytes */

/* Seconds from one step to the next */
static const double busy_time = .1;
static const double idle_time = 10.;

struct old_block {
	int64_t last; /* seq of its last message */
	int64_t time; /* of the latest */
	int64_t size; /* in bytes */
	size_t calls; /* where they begin */
	size_t callc;
	bool others; /* messages of no call */
};

struct old_transfer {
	int64_t id;
	int64_t capture; /* its number there */
	int64_t seq;
	size_t call;
};

/* The candidates for removal.  While the thread looks for them, only the
   thread accesses this. */
struct step {
	struct job *job;
	bool ran;
	int64_t message, transfer, removed; /* as below */

	int64_t used; /* bytes of the file */
	int64_t free;
	struct old_block blocks[STEP_BLOCKS];
	size_t blockc;
	struct old_transfer transfers[STEP_TRANSFERS];
	size_t transferc;

	char *calls; /* call_sids, one behind the other */
	size_t len, size;
	int err;
};

static struct {
	struct timer timer;
	retention_busy_h *busy_h;
	int64_t age;  /* in ms */
	int64_t size; /* in bytes */
	int64_t free; /* bytes of the file when it was shrunk */

	/* The next step goes on behind these.  A sweep begins anew once it has
	   come to records that are to be kept, for the calls that have ended
	   since. */
	int64_t message;
	int64_t transfer;

	/* The last message that was removed.  Others may be missing because
	   they could never be written: the transfers stay. */
	int64_t removed;

	struct store_figures figures; /* as the last step saw them */

	struct step *step; /* under way */
	bool more;         /* of the one before */
} retention;


/* Where it is, behind the others */
static size_t add_call(struct step *s, const char *call_sid)
{
	const size_t size = strlen(call_sid) + 1, at = s->len;
	char *p;

	if (s->len + size > s->size) {
		p = realloc(s->calls, s->len + size + CALLS_SIZE);
		if (!p) {
			s->err = ENOMEM;
			return 0;
		}
		s->calls = p;
		s->size = s->len + size + CALLS_SIZE;
	}

	memcpy(s->calls + at, call_sid, size);
	s->len += size;

	return at;
}


/* Most messages are about the same call as the one before */
static void add_calls(struct step *s, struct old_block *b, struct records r)
{
	const char *before = "";
	struct message_row m;

	b->calls = s->len;
	while (record_next(&m, &r)) {
		b->others |= !m.call_sid;
		if (!m.call_sid || !strcmp(m.call_sid, before))
			continue;

		(void)add_call(s, m.call_sid);
		++b->callc;
		before = m.call_sid;
	}
}


static void measure(struct step *s)
{
	if (db_step(STMT_SIZE))
		return;

	s->free = db_column_int(STMT_SIZE, 1);
	s->used = db_column_int(STMT_SIZE, 0) - s->free;
	db_reset(STMT_SIZE);
}


static void find_blocks(struct step *s)
{
	struct records r;

	db_bind_int(STMT_OLD_BLOCKS, 1, s->message);
	db_bind_int(STMT_OLD_BLOCKS, 2, STEP_BLOCKS);
	while (!db_step(STMT_OLD_BLOCKS)) {
		struct old_block *b = &s->blocks[s->blockc++];

		b->last = db_column_int(STMT_OLD_BLOCKS, 0);
		b->time = db_column_int(STMT_OLD_BLOCKS, 1);
		r.p = db_column_data(STMT_OLD_BLOCKS, 2, &r.left);
		b->size = (int64_t)r.left;
		add_calls(s, b, r);
	}
}


/* Find them as if all messages of this step were removed: the loop decides */
static void find_transfers(struct step *s)
{
	const int64_t last = s->blockc ? s->blocks[s->blockc - 1].last
				       : s->removed;

	db_bind_int(STMT_OLD_TRANSFERS, 1, s->transfer);
	db_bind_int(STMT_OLD_TRANSFERS, 2,
		    last > s->removed ? last : s->removed);
	db_bind_int(STMT_OLD_TRANSFERS, 3, STEP_TRANSFERS);
	while (!db_step(STMT_OLD_TRANSFERS)) {
		struct old_transfer *t = &s->transfers[s->transferc++];

		t->id = db_column_int(STMT_OLD_TRANSFERS, 0);
		t->seq = db_column_int(STMT_OLD_TRANSFERS, 1);
		t->call = add_call(s, db_column_text(STMT_OLD_TRANSFERS, 2));
		t->capture = block_call(db_column_text(STMT_OLD_TRANSFERS, 3));
	}
}


/* In the thread */
static void run_handler(void *arg)
{
	struct step *s = arg;

	s->ran = true;
	measure(s);
	find_blocks(s);
	find_transfers(s);
}


static void forget(unsigned n, int64_t id)
{
	db_bind_int(n, 1, id);
	db_write(n);
}


/* Keep the messages of busy calls.  True if any messages are removed. */
static bool forget_block(const struct step *s, const struct old_block *b)
{
	const char *call_sid = s->calls + b->calls;
	struct json keep;
	size_t busy = 0;
	bool goes;

	json_init(&keep);
	json_open(&keep, NULL, '[');
	for (size_t i = 0; i < b->callc; i++) {
		if (retention.busy_h(call_sid)) {
			json_int(&keep, NULL, block_call(call_sid));
			++busy;
		}
		call_sid += strlen(call_sid) + 1;
	}
	json_close(&keep, ']');

	goes = json_done(&keep) && (busy < b->callc || b->others);
	if (goes) {
		db_bind_int(STMT_FORGET_BLOCK, 1, b->last);
		db_bind_text(STMT_FORGET_BLOCK, 2, json_done(&keep));
		db_write(STMT_FORGET_BLOCK);
	}
	json_free(&keep);

	return goes;
}


/* Up to the first one that is to be kept: young enough, when as many bytes as
   were too many have gone.  A clock that was wrong for a while
   makes them stay for longer, never go too early. */
static bool take_blocks(const struct step *s)
{
	const int64_t oldest = clock_ms() - retention.age;
	int64_t excess = s->used - retention.size;
	const bool was_over = excess > 0;
	bool gone = false;
	size_t i;

	for (i = 0; i < s->blockc; i++) {
		const struct old_block *b = &s->blocks[i];

		if (excess <= 0 && b->time >= oldest)
			break;

		retention.message = b->last;
		if (!forget_block(s, b))
			continue;

		excess -= b->size;
		gone = true;
		if (b->last > retention.removed)
			retention.removed = b->last;
	}

	store_forgotten((uint64_t)retention.message);
	if (i == STEP_BLOCKS)
		return true;

	retention.message = 0;

	return was_over && gone;
}


/* A transfer goes with the last message about it */
static bool take_transfers(const struct step *s)
{
	size_t i;

	for (i = 0; i < s->transferc; i++) {
		const struct old_transfer *t = &s->transfers[i];

		if (t->seq > retention.removed)
			break;

		retention.transfer = t->seq;
		if (retention.busy_h(s->calls + t->call))
			continue;

		forget(STMT_FORGET_CAPTURE, t->capture);
		forget(STMT_FORGET_TRANSFER, t->id);
	}

	if (i == STEP_TRANSFERS)
		return true;

	retention.transfer = -1;

	return false;
}


/* Free space in the file, if it is too large, is returned to the disk */
static bool shrink(const struct step *s)
{
	const int64_t before = retention.free;

	retention.free = 0;
	if (!s->free || s->used + s->free <= retention.size)
		return false;

	retention.free = s->free;
	db_write(STMT_SHRINK);

	return s->free != before;
}


static void destroy(struct step *s)
{
	free(s->calls);
	free(s);
}


static void wait(bool more)
{
	retention.more = more;
	timer_start(&retention.timer, more ? busy_time : idle_time);
}


static void take_figures(const struct step *s)
{
	retention.figures.bytes = s->used + s->free;
	if (!s->message)
		retention.figures.oldest = s->blockc ? s->blocks[0].time : 0;
}


static void done_handler(void *arg)
{
	struct step *s = arg;
	bool more = false;

	if (s == retention.step) {
		retention.step = NULL;
		if (s->ran && !s->err) {
			take_figures(s);
			more = take_blocks(s);
			more |= take_transfers(s);
			more |= shrink(s);
		}
		wait(more);
	}

	destroy(s);
}


/**
 * Begin to remove a few of the records that need not be kept any more
 */
void retention_step(void)
{
	struct step *s;

	/* in trouble, the job would wait long for the pending writes */
	if (db_trouble() || retention.step) {
		wait(false);
		return;
	}

	s = calloc(1, sizeof(*s));
	if (!s) {
		wait(false);
		return;
	}

	s->message = retention.message;
	s->transfer = retention.transfer;
	s->removed = retention.removed;
	if (db_ask(&s->job, SCOPE_LOCAL, run_handler, done_handler, s)) {
		destroy(s);
		wait(false);
		return;
	}

	retention.step = s;
}


void store_figures(struct store_figures *f)
{
	*f = retention.figures;
}


/**
 * Get the result of the last step
 *
 * @return Whether it is under way, and if not, whether there may be more to
 *         remove
 */
enum retention_state retention_state(void)
{
	if (retention.step)
		return RETENTION_RUNS;

	return retention.more ? RETENTION_MORE : RETENTION_DONE;
}


static void timer_handler(void *arg)
{
	(void)arg;

	retention_step();
}


void retention_start(unsigned days, unsigned mb, retention_busy_h *h)
{
	retention_stop();
	memset(&retention, 0, sizeof(retention));
	retention.busy_h = h;
	retention.age = days * day;
	retention.size = mb * megabyte;
	retention.transfer = -1;

	timer_init(&retention.timer, timer_handler, NULL);
	timer_start(&retention.timer, busy_time);
}


void retention_stop(void)
{
	timer_stop(&retention.timer);
	if (!retention.step)
		return;

	reader_cancel(retention.step->job);
	retention.step = NULL;
}

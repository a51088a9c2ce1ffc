/**
 * @file retention.c  How long the past is kept
 *
 * What is too old, or too much, goes in steps so small that nobody notices.
 * What was said of a call stays while the call lives or has hooks to deliver.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>
#include <string.h>
#include <ev.h>
#include "base/base.h"
#include "db.h"
#include "retention.h"
#include "schema.h"
#include "store.h"
#include "txn.h"


enum { STEP_ROWS = 256 };

static const int64_t day = 24 * 60 * 60 * 1000;   /* in ms */
static const int64_t megabyte = INT64_C(1) << 20; /* in bytes */

/* Seconds from one step to the next */
static const double busy_time = .1;
static const double idle_time = 10.;

static struct {
	ev_timer timer;
	retention_busy_h *busy_h;
	int64_t age;  /* in ms */
	int64_t size; /* in bytes */

	/* Behind these the next step goes on.  A sweep begins anew once it has
	   come to what is to be kept, for the sake of the calls that have
	   ended since. */
	int64_t message;
	int64_t transfer;

	/* The last message that was removed.  Others may be missing because
	   they could never be written: the transfers stay. */
	int64_t removed;
} retention;

struct size {
	int64_t used; /* bytes of the file */
	int64_t free;
};

/* Rows that a step looks at, and those that it may remove */
struct rows {
	int64_t ids[STEP_ROWS];
	size_t count;
};


static bool rows_add(struct rows *rows, int64_t id, const char *call_sid)
{
	if (retention.busy_h(call_sid))
		return false;

	rows->ids[rows->count++] = id;

	return true;
}


static void rows_remove(const struct rows *rows, unsigned n)
{
	for (size_t i = 0; i < rows->count; i++) {
		db_bind_int(n, 1, rows->ids[i]);
		db_write(n);
	}
}


static struct size measure(void)
{
	struct size size = {0};

	if (!db_step(STMT_SIZE)) {
		size.free = db_column_int(STMT_SIZE, 1);
		size.used = db_column_int(STMT_SIZE, 0) - size.free;
		db_reset(STMT_SIZE);
	}

	return size;
}


/* Up to the first one that is to be kept: young enough, when as many bytes as
   were too many have gone.  A clock that was wrong for a while
   makes them stay for longer, never go too early. */
static bool step_messages(int64_t excess)
{
	const int64_t oldest = clock_ms() - retention.age;
	const bool was_over = excess > 0;
	struct rows rows = {.count = 0};
	unsigned count = 0;

	db_bind_int(STMT_OLD_MESSAGES, 1, retention.message);
	db_bind_int(STMT_OLD_MESSAGES, 2, STEP_ROWS);

	while (!db_step(STMT_OLD_MESSAGES)) {
		if (excess <= 0 &&
		    db_column_int(STMT_OLD_MESSAGES, 1) >= oldest) {
			db_reset(STMT_OLD_MESSAGES);
			break;
		}

		++count;
		retention.message = db_column_int(STMT_OLD_MESSAGES, 0);
		if (rows_add(&rows, retention.message,
			     db_column_text(STMT_OLD_MESSAGES, 2)))
			excess -= db_column_int(STMT_OLD_MESSAGES, 3);
	}

	rows_remove(&rows, STMT_FORGET_MESSAGE);
	store_forgotten((uint64_t)retention.message);
	if (rows.count && rows.ids[rows.count - 1] > retention.removed)
		retention.removed = rows.ids[rows.count - 1];

	if (count == STEP_ROWS)
		return true;

	retention.message = 0;

	return was_over && rows.count;
}


/* A transfer goes with the last message about it */
static bool step_transfers(void)
{
	struct rows rows = {.count = 0};
	unsigned count = 0;

	db_bind_int(STMT_OLD_TRANSFERS, 1, retention.transfer);
	db_bind_int(STMT_OLD_TRANSFERS, 2, retention.removed);
	db_bind_int(STMT_OLD_TRANSFERS, 3, STEP_ROWS);

	while (!db_step(STMT_OLD_TRANSFERS)) {
		++count;
		(void)rows_add(&rows, db_column_int(STMT_OLD_TRANSFERS, 0),
			       db_column_text(STMT_OLD_TRANSFERS, 2));
		retention.transfer = db_column_int(STMT_OLD_TRANSFERS, 1);
	}

	rows_remove(&rows, STMT_FORGET_TRANSFER);

	if (count == STEP_ROWS)
		return true;

	retention.transfer = -1;

	return false;
}


/* Room in the file that is too large goes back to the disk */
static bool shrink(const struct size *size)
{
	unsigned pages = 0;

	if (!size->free || size->used + size->free <= retention.size)
		return false;

	while (!db_step(STMT_SHRINK))
		++pages;

	return pages > 0;
}


/**
 * Remove a few of what need not be kept any more
 *
 * @return True if there may be more of it
 */
bool retention_step(void)
{
	struct size size;
	bool more;

	/* what is to be seen first would take long */
	if (txn_trouble())
		return false;
	if (!db_is_near(STEP_ROWS))
		return true;
	if (db_begin())
		return false;

	size = measure();
	more = step_messages(size.used - retention.size);
	more |= step_transfers();
	if (db_apply())
		return false;

	more |= shrink(&size);

	return more;
}


static void timer_handler(EV_P_ ev_timer *w, int revents)
{
	(void)revents;

	w->repeat = retention_step() ? busy_time : idle_time;
	ev_timer_again(EV_A_ w);
}


void retention_start(unsigned days, unsigned mb, retention_busy_h *h)
{
	memset(&retention, 0, sizeof(retention));
	retention.busy_h = h;
	retention.age = days * day;
	retention.size = mb * megabyte;
	retention.transfer = -1;

	ev_timer_init(&retention.timer, timer_handler, busy_time, 0.);
	ev_timer_start(EV_DEFAULT_ & retention.timer);
}


void retention_stop(void)
{
	ev_timer_stop(EV_DEFAULT_ & retention.timer);
}

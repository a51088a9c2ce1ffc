/**
 * @file archive.c  The transfers on disk
 *
 * Functions that read more than one transfer run in a job, see reader.c.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "archive.h"
#include "block.h"
#include "db.h"
#include "journal.h"
#include "schema.h"
#include "store.h"


/* Few messages behind a number lead to few transfers; with more of them, the
   newest transfers are among those anyway */
enum { FEW = 5000 };

static const char running[] = "running";

const char *const archive_outcomes[ARCHIVE_OUTCOMES] = {
	"transferred", "failed", "presumed", "unknown", "cancelled", running,
};


void archive_lower(char *text)
{
	for (; *text; text++) {
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
	}
}


/* One word a line; to be freed, NULL if out of memory */
static char *join(const char *const *words, size_t count)
{
	size_t len = 0;
	char *text, *p;

	for (size_t i = 0; i < count; i++)
		len += words[i] ? strlen(words[i]) + 1 : 0;

	text = p = malloc(len + 1);
	if (!text)
		return NULL;

	for (size_t i = 0; i < count; i++) {
		if (!words[i])
			continue;

		p = stpcpy(p, words[i]);
		*p++ = '\n';
	}
	*p = '\0';
	archive_lower(text);

	return text;
}


/**
 * Write a transfer
 *
 * @param t     Transfer
 * @param write Takes the values bound to the statement, STMT_TRANSFER
 */
void archive_write(const struct archive_transfer *t, void (*write)(unsigned n))
{
	const char *all[ARCHIVE_WORDS + 1] = {t->member};
	char *target = join(&t->refer_to, 1), *words;

	memcpy(all + 1, t->words, sizeof(t->words));
	words = join(all, ARCHIVE_WORDS + 1);
	if (!t->data || !target || !words)
		goto out;

	db_bind_text(STMT_TRANSFER, 1, t->id);
	db_bind_text(STMT_TRANSFER, 2, t->call_sid);
	db_bind_text(STMT_TRANSFER, 3, t->node);
	db_bind_text(STMT_TRANSFER, 4, t->outcome);
	db_bind_int(STMT_TRANSFER, 5, t->started);
	if (t->ended)
		db_bind_int(STMT_TRANSFER, 6, t->ended);
	if (t->code)
		db_bind_int(STMT_TRANSFER, 7, t->code);
	if (t->ended && t->notified)
		db_bind_int(STMT_TRANSFER, 8, t->ended - t->started);
	db_bind_int(STMT_TRANSFER, 9, (int64_t)t->seq);
	db_bind_text(STMT_TRANSFER, 10, target);
	db_bind_text(STMT_TRANSFER, 11, words);
	db_bind_text(STMT_TRANSFER, 12, t->data);
	db_bind_text(STMT_TRANSFER, 13, t->member);
	write(STMT_TRANSFER);

out:
	free(target);
	free(words);
}


void archive_put(const struct archive_transfer *t)
{
	archive_write(t, db_write);
}


void archive_running(store_each_h *h, void *arg)
{
	(void)db_apply();
	while (!db_step(STMT_RUNNING))
		h(db_column_text(STMT_RUNNING, 0),
		  db_column_text(STMT_RUNNING, 1), arg);
}


/* Choose the statement that finds the rows with the least work */
static unsigned choose(const struct archive_filter *f)
{
	if (f->call_sid)
		return STMT_FIND_CALL;

	if (f->stepped && f->since + FEW > f->last)
		return STMT_FIND_SEQ;

	if (f->code_min && f->code_min == f->code_max)
		return STMT_FIND_CODE;

	if (f->member)
		return STMT_FIND_MEMBER;

	return f->outcomec == 1 ? STMT_FIND_OUTCOME : STMT_FIND_TIME;
}


static int bind_place(unsigned n, const struct archive_filter *f)
{
	int64_t started = INT64_MAX, id = INT64_MAX;

	if (f->before) {
		db_bind_text(STMT_PLACE, 1, f->before);
		if (db_step(STMT_PLACE))
			return ENOENT;

		started = db_column_int(STMT_PLACE, 0);
		id = db_column_int(STMT_PLACE, 1);
		db_reset(STMT_PLACE);
	}

	/* ids begin with 1 */
	if (f->to && f->to <= started) {
		started = f->to;
		id = 0;
	}

	db_bind_int(n, 1, started);
	db_bind_int(n, 2, id);
	db_bind_int(n, 3, f->from);

	return 0;
}


static void bind_filter(unsigned n, const struct archive_filter *f)
{
	for (unsigned i = 0; i < f->outcomec; i++)
		db_bind_text(n, 4 + (int)i, f->outcomes[i]);

	if (f->code_min) {
		db_bind_int(n, 10, f->code_min);
		db_bind_int(n, 11, f->code_max);
	}

	db_bind_text(n, 12, f->node);
	if (f->stepped)
		db_bind_int(n, 13, (int64_t)f->since);
	db_bind_text(n, 14, f->target);
	db_bind_text(n, 15, f->q);
	db_bind_text(n, 16, f->call_sid);
	db_bind_int(n, 17, f->limit);
	db_bind_text(n, 19, f->member);

	/* on disk it is none */
	if (n == STMT_FIND_OUTCOME && strcmp(f->outcomes[0], running))
		db_bind_text(n, 18, f->outcomes[0]);
}


int archive_find(const struct archive_filter *f, store_each_h *h, void *arg)
{
	const unsigned n = choose(f);
	int err;

	err = bind_place(n, f);
	if (err)
		return err;

	bind_filter(n, f);
	while (!db_step(n))
		h(db_column_text(n, 0), db_column_text(n, 1), arg);

	return 0;
}


int archive_get(const char *id, store_each_h *h, void *arg)
{
	db_bind_text(STMT_ONE, 1, id);
	if (db_step(STMT_ONE))
		return ENOENT;

	h(db_column_text(STMT_ONE, 1), db_column_text(STMT_ONE, 0), arg);
	db_reset(STMT_ONE);

	return 0;
}


void archive_capture(const char *id, const char *packets)
{
	if (db_trouble())
		return;

	db_bind_int(STMT_CAPTURE, 1, block_call(id));
	db_bind_int(STMT_CAPTURE, 2, (int64_t)strlen(packets));
	db_bind_text(STMT_CAPTURE, 3, packets);
	db_bind_int(STMT_CAPTURE, 4, CAPTURE_MAX);
	db_write(STMT_CAPTURE);
}


void archive_packets(const char *id, archive_packets_h *h, void *arg)
{
	db_bind_int(STMT_PACKETS, 1, block_call(id));
	while (!db_step(STMT_PACKETS))
		h(db_column_text(STMT_PACKETS, 0), arg);
}


int archive_written(const char *id, store_each_h *h, void *arg)
{
	struct todo written;

	if (!db_written(&written, STMT_TRANSFER, id))
		return ENOENT;

	h(written.values[1].text, written.values[11].text, arg);

	return 0;
}


/* The statement for all, or for one member */
static unsigned bind_since(unsigned n, int64_t from, const char *member)
{
	n += member ? 1 : 0;
	db_bind_int(n, 1, from);
	if (member)
		db_bind_text(n, 2, member);

	return n;
}


static void each_count(unsigned n, archive_count_h *h, void *arg)
{
	while (!db_step(n))
		h(db_column_int(n, 0), db_column_text(n, 2),
		  db_column_int(n, 1), arg);
}


void archive_starts(int64_t from, const char *member, archive_count_h *h,
		    void *arg)
{
	each_count(bind_since(STMT_STARTS, from, member), h, arg);
}


void archive_ends(int64_t from, const char *member, archive_count_h *h,
		  void *arg)
{
	each_count(bind_since(STMT_ENDS, from, member), h, arg);
}


int64_t archive_finals(int64_t from, const char *member)
{
	const unsigned n = bind_since(STMT_FINALS, from, member);
	int64_t count;

	if (db_step(n))
		return 0;

	count = db_column_int(n, 0);
	db_reset(n);

	return count;
}


int64_t archive_final(int64_t from, const char *member, int64_t count,
		      unsigned percent)
{
	const unsigned n = bind_since(STMT_FINAL, from, member);
	int64_t ms;

	/* the nearest rank */
	db_bind_int(n, 3, (count * percent + 99) / 100 - 1);
	if (db_step(n))
		return 0;

	ms = db_column_int(n, 0);
	db_reset(n);

	return ms;
}

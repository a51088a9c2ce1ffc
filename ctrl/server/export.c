/**
 * @file export.c  The SIP messages of a transfer, as a file
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "capture/capture.h"
#include "export.h"
#include "json.h"
#include "past.h"
#include "store/store.h"


enum {
	COMMENT_SIZE = 512,
};

static const char suffix[] = ".pcapng";

/* What is asked for */
struct export
{
	char *id;
	bool mask;
};

/* A packet that is told of */
struct entry {
	struct packet p;
	const cJSON *transfer; /* whose it is */
	size_t place;          /* as it was reported */
};

struct making {
	struct entry *entries;
	size_t count, size;
	const cJSON *at;
	struct packet_reader reader;
	bool failed;
};


static int grow(struct making *m)
{
	const size_t size = m->size ? 2 * m->size : 64;
	struct entry *entries = realloc(m->entries, size * sizeof(*entries));

	if (!entries)
		return ENOMEM;

	m->entries = entries;
	m->size = size;

	return 0;
}


/* What made the call is told with each transfer of it */
static bool is_known(const struct making *m, const struct packet *p)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct packet *q = &m->entries[i].p;

		if (q->us == p->us && q->len == p->len && q->sent == p->sent &&
		    !memcmp(q->data, p->data, p->len))
			return true;
	}

	return false;
}


static void packet_handler(struct packet *p, void *arg)
{
	struct making *m = arg;
	struct entry *e;
	char *data;

	if (is_known(m, p))
		return;

	data = malloc(p->len + 1);
	if (!data || (m->count == m->size && grow(m))) {
		free(data);
		m->failed = true;
		return;
	}

	memcpy(data, p->data, p->len + 1);
	e = &m->entries[m->count];
	*e = (struct entry){.p = *p, .transfer = m->at, .place = m->count};
	e->p.data = data;
	++m->count;
}


/* In the order of time; those of one microsecond as they were reported */
static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->p.us != y->p.us)
		return x->p.us < y->p.us ? -1 : 1;

	return x->place < y->place ? -1 : 1;
}


/* The pieces of a message may stand in two reports */
static void read_parts(struct making *m, const cJSON *tree)
{
	const cJSON *part, *packets;

	cJSON_ArrayForEach(part, cJSON_GetObjectItem(tree, "parts"))
	{
		m->at = cJSON_GetObjectItem(part, "transfer");
		cJSON_ArrayForEach(packets,
				   cJSON_GetObjectItem(part, "packets"))
			packets_take(&m->reader, packets, packet_handler, m);
		if (m->count && field_bool(part, "full"))
			m->entries[m->count - 1].p.last = true;
	}
	if (m->count)
		qsort(m->entries, m->count, sizeof(*m->entries), compare);
}


static const char *text_of(const cJSON *transfer, const char *key)
{
	const char *text = field_str(transfer, key);

	return text ? text : "";
}


static void write_head(struct bytes *b, const cJSON *transfer)
{
	const char *outcome = text_of(transfer, "outcome");
	const char *evidence = text_of(transfer, "evidence");
	char comment[COMMENT_SIZE];

	(void)snprintf(comment, sizeof(comment),
		       "transfer %.64s of call %.64s: %.32s%s%.32s%s",
		       text_of(transfer, "transfer_id"),
		       text_of(transfer, "call_sid"),
		       *outcome ? outcome : "in progress",
		       *evidence ? " (" : "", evidence, *evidence ? ")" : "");
	pcapng_begin(b, comment);
}


static void write_entry(struct bytes *b, struct entry *e, bool mask)
{
	const int attempts = (int)field_int(e->transfer, "attempts", 0);
	char comment[COMMENT_SIZE];
	size_t n;

	packet_comment(comment, sizeof(comment), &e->p);
	n = strlen(comment);
	if (attempts > 1)
		(void)snprintf(
			comment + n, sizeof(comment) - n, "; attempt %d of %d",
			(int)field_int(e->transfer, "attempt", 0), attempts);
	if (mask)
		packet_mask(&e->p);
	pcapng_add(b, &e->p, comment);
}


static void write_file(struct past_file *f, struct making *m,
		       const cJSON *transfer, const struct export *x)
{
	struct bytes b = {.len = 0};
	const bool plain = strspn(x->id, "0123456789abcdef") == strlen(x->id);

	write_head(&b, transfer);
	for (size_t i = 0; i < m->count; i++)
		write_entry(&b, &m->entries[i], x->mask);
	if (b.failed) {
		bytes_free(&b);
		return;
	}

	f->type = "application/x-pcapng";
	f->p = (char *)b.p;
	f->len = b.len;
	(void)snprintf(f->name, sizeof(f->name), "transfer%s%.64s%s",
		       plain ? "-" : "", plain ? x->id : "", suffix);
}


static void free_making(struct making *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->entries[i].p.data);
	free(m->entries);
	packets_end(&m->reader);
}


/**
 * Make the file of what capture_gather() has written, here or at another
 * member of the fleet
 *
 * @param f     File
 * @param x     What is asked for
 * @param text  What was written
 * @param error Why there is no file, if it says something
 */
void export_make(struct past_file *f, const struct export *x, const char *text,
		 struct error *error)
{
	cJSON *tree = cJSON_Parse(text);
	struct making m = {.count = 0};

	read_parts(&m, tree);
	if (m.count && !m.failed)
		write_file(f, &m, cJSON_GetObjectItem(tree, "transfer"), x);
	else if (!m.failed)
		(void)error_set(
			error, 404, NULL,
			"The history has no SIP message of this transfer");
	free_making(&m);
	cJSON_Delete(tree);
}


static void make_handler(struct past_file *f, void *arg, struct error *error)
{
	const struct export *x = arg;
	struct json j;

	json_init(&j);
	if (capture_gather(&j, x->id) == ENOENT)
		(void)error_set(error, 404, NULL,
				"The history has no transfer %.64s", x->id);
	else if (json_done(&j))
		export_make(f, x, json_done(&j), error);
	json_free(&j);
}


static void free_handler(void *arg)
{
	export_free(arg);
}


/**
 * Free what is asked for
 *
 * @param x It, may be NULL
 */
void export_free(struct export *x)
{
	if (x)
		free(x->id);
	free(x);
}


/**
 * Get the transfer that is asked for
 *
 * @param x What is asked for
 *
 * @return Its transfer_id
 */
const char *export_id(const struct export *x)
{
	return x->id;
}


static int read_mask(bool *maskp, struct lws *wsi, struct error *error)
{
	char buf[16];
	const char *p = lws_get_urlarg_by_name(wsi, "mask=", buf, sizeof(buf));

	*maskp = p && !strcmp(p, "yes");

	return p && *p && !*maskp && strcmp(p, "no")
		       ? error_set(error, 400, "mask", "must be yes or no")
		       : 0;
}


/**
 * Read what is asked for
 *
 * @param xp    Set to it, to be freed with export_free(); NULL if the path is
 *              that of something else
 * @param path  Path
 * @param wsi   Connection, with the query
 * @param error What is wrong with that
 *
 * @return 0 if success, EBADMSG with the error set, or ENOMEM
 */
int export_read(struct export **xp, const char *path, struct lws *wsi,
		struct error *error)
{
	static const char before[] = "/transfers/";
	const size_t n = sizeof(before) - 1, len = strlen(path);
	struct export *x;
	int err;

	*xp = NULL;
	if (len < n + sizeof(suffix) || strncmp(path, before, n) ||
	    strcmp(path + len - sizeof(suffix) + 1, suffix))
		return 0;

	x = calloc(1, sizeof(*x));
	if (!x)
		return ENOMEM;

	x->id = strndup(path + n, len - n - sizeof(suffix) + 1);
	err = x->id ? read_mask(&x->mask, wsi, error) : ENOMEM;
	if (err)
		export_free(x);
	else
		*xp = x;

	return err;
}


/**
 * Make the file of a transfer, and of the others of its verb
 *
 * @param jp      Pointer to the job that is taken
 * @param request Name of the request that is answered
 * @param x       What is asked for, taken
 *
 * @return 0 if success, or ENOMEM
 */
int export_ask(struct job **jp, const char *request, struct export *x)
{
	return past_ask_file(jp, request, make_handler, free_handler, x);
}

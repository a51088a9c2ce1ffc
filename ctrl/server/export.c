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
#include "past.h"
#include "store/store.h"


enum {
	PARTS_MAX = 64, /* transfers of one verb */
	COMMENT_SIZE = 512,
};

static const char suffix[] = ".pcapng";

/* What is asked for */
struct export
{
	char *id;
	bool mask;
};

/* A transfer that is told of */
struct part {
	char *id;
	int attempt, attempts; /* 0 if it is its verb's only one */
};

/* A packet that is told of */
struct entry {
	struct packet p;
	const struct part *part;
	size_t place; /* as it was reported */
};

struct making {
	cJSON *transfer;
	char *call_sid;
	struct part parts[PARTS_MAX];
	size_t partc;
	struct entry *entries;
	size_t count, size;
	const struct part *at;
	struct packet_reader reader;
	bool failed;
};


/**
 * Tell whether a path is that of such a file
 *
 * @param idp  Set to the transfer_id, to be freed; NULL if out of memory
 * @param path Path
 *
 * @return True if it is
 */
bool export_path(char **idp, const char *path)
{
	static const char before[] = "/transfers/";
	const size_t n = sizeof(before) - 1, len = strlen(path);

	if (len < n + sizeof(suffix) || strncmp(path, before, n) ||
	    strcmp(path + len - sizeof(suffix) + 1, suffix))
		return false;

	*idp = strndup(path + n, len - n - sizeof(suffix) + 1);

	return true;
}


static void one_handler(const char *call_sid, const char *data, void *arg)
{
	struct making *m = arg;

	m->transfer = cJSON_Parse(data);
	m->call_sid = strdup(call_sid);
}


static int add_part(struct making *m, const cJSON *transfer)
{
	struct part *part = &m->parts[m->partc];
	const char *id = field_str(transfer, "transfer_id");

	if (!id || m->partc == PARTS_MAX)
		return 0;

	part->id = strdup(id);
	if (!part->id)
		return ENOMEM;

	part->attempt = (int)field_int(transfer, "attempt", 0);
	part->attempts = (int)field_int(transfer, "attempts", 0);
	++m->partc;

	return 0;
}


static bool same(const cJSON *a, const cJSON *b, const char *key)
{
	const char *x = field_str(a, key), *y = field_str(b, key);

	return x == y || (x && y && !strcmp(x, y));
}


/* Another try of the same verb */
static void other_handler(const char *key, const char *data, void *arg)
{
	struct making *m = arg;
	cJSON *other = cJSON_Parse(data);
	(void)key;

	if (other &&
	    field_int(other, "attempts", 0) ==
		    field_int(m->transfer, "attempts", 0) &&
	    same(other, m->transfer, "verb_id") &&
	    same(other, m->transfer, "verb"))
		m->failed |= add_part(m, other) != 0;
	cJSON_Delete(other);
}


static void find_parts(struct making *m)
{
	const struct archive_filter f = {.call_sid = m->call_sid,
					 .limit = PARTS_MAX};

	if (field_int(m->transfer, "attempts", 0) > 1)
		m->failed |= archive_find(&f, other_handler, m) != 0;
	else
		m->failed |= add_part(m, m->transfer) != 0;
}


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
	*e = (struct entry){.p = *p, .part = m->at, .place = m->count};
	e->p.data = data;
	++m->count;
}


static void read_handler(const char *packets, void *arg)
{
	struct making *m = arg;

	packets_read(&m->reader, packets, packet_handler, m);
}


/* In the order of time; those of one microsecond as they were reported */
static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->p.us != y->p.us)
		return x->p.us < y->p.us ? -1 : 1;

	return x->place < y->place ? -1 : 1;
}


static void read_packets(struct making *m)
{
	for (size_t i = 0; i < m->partc; i++) {
		m->at = &m->parts[i];
		archive_packets(m->at->id, read_handler, m);
	}
	if (m->count)
		qsort(m->entries, m->count, sizeof(*m->entries), compare);
}


static void write_head(struct bytes *b, const struct making *m)
{
	const char *outcome = field_str(m->transfer, "outcome");
	const char *evidence = field_str(m->transfer, "evidence");
	char comment[COMMENT_SIZE];

	(void)snprintf(comment, sizeof(comment),
		       "transfer %.64s of call %.64s: %.32s%s%.32s%s",
		       field_str(m->transfer, "transfer_id"), m->call_sid,
		       outcome ? outcome : "in progress", evidence ? " (" : "",
		       evidence ? evidence : "", evidence ? ")" : "");
	pcapng_begin(b, comment);
}


static void write_entry(struct bytes *b, struct entry *e, bool mask)
{
	char comment[COMMENT_SIZE];
	size_t n;

	packet_comment(comment, sizeof(comment), &e->p);
	n = strlen(comment);
	if (e->part->attempts > 1)
		(void)snprintf(comment + n, sizeof(comment) - n,
			       "; attempt %d of %d", e->part->attempt,
			       e->part->attempts);
	if (mask)
		packet_mask(&e->p);
	pcapng_add(b, &e->p, comment);
}


static void write_file(struct past_file *f, struct making *m,
		       const struct export *x)
{
	struct bytes b = {0};
	const bool plain = strspn(x->id, "0123456789abcdef") == strlen(x->id);

	write_head(&b, m);
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
	cJSON_Delete(m->transfer);
	free(m->call_sid);
	for (size_t i = 0; i < m->partc; i++)
		free(m->parts[i].id);
	for (size_t i = 0; i < m->count; i++)
		free(m->entries[i].p.data);
	free(m->entries);
	packets_end(&m->reader);
}


static void make_handler(struct past_file *f, void *arg, struct error *error)
{
	const struct export *x = arg;
	struct making m = {.transfer = NULL};

	if (archive_get(x->id, one_handler, &m)) {
		(void)error_set(error, 404, NULL,
				"The history has no transfer %.64s", x->id);
		return;
	}

	if (m.transfer && m.call_sid) {
		find_parts(&m);
		read_packets(&m);
	}
	if (m.count && !m.failed)
		write_file(f, &m, x);
	else if (!m.failed)
		(void)error_set(
			error, 404, NULL,
			"The history has no SIP message of this transfer");
	free_making(&m);
}


static void free_handler(void *arg)
{
	struct export *x = arg;

	if (x)
		free(x->id);
	free(x);
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
 * Make the file of a transfer, and of the others of its verb
 *
 * @param jp      Pointer to the job that is taken
 * @param request Name of the request that is answered
 * @param id      Its transfer_id, taken; NULL if out of memory
 * @param wsi     Connection, with the query
 * @param error   What is wrong with that
 *
 * @return 0 if success, EBADMSG with the error set, or ENOMEM
 */
int export_ask(struct job **jp, const char *request, char *id, struct lws *wsi,
	       struct error *error)
{
	struct export *x = id ? calloc(1, sizeof(*x)) : NULL;
	int err;

	if (!x) {
		free(id);
		return ENOMEM;
	}

	x->id = id;
	err = read_mask(&x->mask, wsi, error);
	if (err) {
		free_handler(x);
		return err;
	}

	return past_ask_file(jp, request, make_handler, free_handler, x);
}

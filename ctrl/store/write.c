/**
 * @file write.c  A write that waits, in as few bytes as may be
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "journal.h"
#include "pack.h"
#include "write.h"


enum {
	SQUEEZE_MIN = 256, /* bytes that are worth it */
	SAMPLES_MAX = 64,  /* statements that have one */
};

struct sample {
	char *p;
	size_t len;
};

static struct {
	struct arena *arena; /* that is being filled */

	/* A sample of the writes of each statement, for compression */
	struct sample samples[SAMPLES_MAX];
} writes;

/* Values that were squeezed, as this thread reads them */
static _Thread_local struct {
	char *p;
	size_t size;
} expanded;


static void *room(size_t size, bool own, struct arena **bp)
{
	*bp = NULL;

	return own ? malloc(size) : arena_alloc(&writes.arena, size, bp);
}


static void release(void *p, struct arena *arena)
{
	if (arena)
		arena_release(arena);
	else
		free(p);
}


/**
 * Get the key of a write
 *
 * @param values Its values
 * @param count  Number of values
 *
 * @return The first of them if that is a text, "" otherwise
 */
const char *write_key(const struct value *values, unsigned count)
{
	return count && values[0].text ? values[0].text : "";
}


/**
 * Make a write without values
 *
 * @param own True if it is to have memory of its own, which is free when it
 *            is; otherwise that comes with others' and goes with theirs
 *
 * @return Write, NULL if out of memory
 */
struct write *write_create(bool own)
{
	struct arena *arena;
	struct write *w = room(sizeof(*w), own, &arena);

	if (w)
		*w = (struct write){.arena = arena};

	return w;
}


/**
 * Free a write
 *
 * @param w Write, on no list
 */
void write_destroy(struct write *w)
{
	release(w->values, w->values_arena);
	release(w, w->arena);
}


static const char *values_of(const struct write *w)
{
	const struct sample *s = &writes.samples[w->stmt % SAMPLES_MAX];
	char *p;

	if (!w->squeezed)
		return w->values;

	if (expanded.size < w->size) {
		p = realloc(expanded.p, w->size);
		if (!p)
			return NULL;

		expanded.p = p;
		expanded.size = w->size;
	}

	return pack_expand(expanded.p, w->size, w->values, w->squeezed, s->p,
			   s->len)
		       ? NULL
		       : expanded.p;
}


/**
 * Read a write
 *
 * @param todo Set to it, until the next call
 * @param w    Write
 *
 * @return False if out of memory
 */
bool write_read(struct todo *todo, const struct write *w)
{
	const char *p = values_of(w);

	todo->stmt = w->stmt;
	todo->count = p ? pack_read(todo->values, p) : 0;

	return p != NULL;
}


/**
 * Compress a write with a sample of the same statement: much of it is the
 * same.  This takes time, so it is for older writes; if it saves nothing, or
 * out of memory, the write does not change.
 *
 * @param w Write
 */
void write_squeeze(struct write *w)
{
	struct sample *s = &writes.samples[w->stmt % SAMPLES_MAX];
	char out[PACK_SAMPLE_MAX], *p;
	size_t size;

	if (w->squeezed || w->size < SQUEEZE_MIN || w->size > sizeof(out) ||
	    w->stmt >= SAMPLES_MAX)
		return;

	if (!s->p) {
		s->p = malloc(w->size);
		if (s->p)
			memcpy(s->p, w->values, w->size);
		s->len = w->size;
	}

	size = s->p ? pack_squeeze(out, sizeof(out), w->values, w->size, s->p,
				   s->len)
		    : 0;
	p = size && size < w->size ? malloc(size) : NULL;
	if (!p)
		return;

	memcpy(p, out, size);
	release(w->values, w->values_arena);
	w->values = p;
	w->values_arena = NULL;
	w->squeezed = (uint32_t)size;
	w->space = (uint32_t)size;
}


/**
 * Give a write its values, in place of those that it has
 *
 * @param w      Write
 * @param stmt   Number of its statement
 * @param values Values bound to it, copied
 * @param count  Number of values
 * @param own    True if they are to have memory of their own
 *
 * @return 0 if success, ENOMEM if out of memory: it is as it was
 */
int write_set(struct write *w, unsigned stmt, const struct value *values,
	      unsigned count, bool own)
{
	const size_t size = pack_size(values, count);
	struct arena *arena = w->values_arena;
	char *p = w->values;

	if (w->squeezed || !p || size > w->space ||
	    (own && size < w->space / 2)) {
		p = room(size, own, &arena);
		if (!p)
			return ENOMEM;

		if (w->values)
			release(w->values, w->values_arena);
		w->values = p;
		w->values_arena = arena;
		w->space = (uint32_t)size;
	}

	pack_write(p, values, count);
	w->stmt = stmt;
	w->size = (uint32_t)size;
	w->squeezed = 0;
	if (w->cold)
		write_squeeze(w);

	return 0;
}


/**
 * Free what this thread needs to read writes
 */
void writes_forget(void)
{
	free(expanded.p);
	memset(&expanded, 0, sizeof(expanded));
	pack_close();
}


/**
 * Free the samples, when there are no writes
 */
void writes_clear(void)
{
	for (size_t i = 0; i < SAMPLES_MAX; i++)
		free(writes.samples[i].p);
	arena_release(writes.arena);
	memset(&writes, 0, sizeof(writes));
	writes_forget();
}

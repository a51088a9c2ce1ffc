/**
 * @file unacked.c  What referd has not acknowledged
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <re.h>
#include "json.h"
#include "host/host.h"
#include "unacked.h"
#include "link.h"


enum {
	KEEP_MAX = 4096,           /* reports kept until acknowledged */
	KEEP_BYTES_MAX = 64 << 20, /* ... and what they have [bytes]  */
	IOV_COUNT = 16,            /* reports written at once         */
};

/** A report, kept until it is acknowledged */
struct unacked {
	struct le le;
	struct le le_passing; /* if a later one says how it went on */
	uint64_t n;
	char *line;
	size_t len;
};

static struct {
	struct list list;    /* in the order of n                    */
	struct list passing; /* those of them that matter less       */
	size_t count;        /* how many there are                   */
	size_t bytes;        /* that they have                       */
	uint64_t next;       /* number of the next one               */
	struct le *unsent;   /* first one that is not written        */
	size_t unsent_pos;   /* bytes of it that are                 */
	uint64_t dropped;    /* since there were too many            */
} unacked = {.next = 1};


static void destructor(void *arg)
{
	struct unacked *rep = arg;

	if (unacked.unsent == &rep->le) {
		unacked.unsent = rep->le.next;
		unacked.unsent_pos = 0;
	}
	if (rep->le.list) {
		--unacked.count;
		unacked.bytes -= rep->len;
	}
	list_unlink(&rep->le);
	list_unlink(&rep->le_passing);
	free(rep->line);
}


/* One that is half written would take the next one with it */
static bool is_halfway(const struct le *le)
{
	return le == unacked.unsent && unacked.unsent_pos;
}


static struct unacked *oldest(const struct list *list)
{
	struct unacked *rep = list_ledata(list_head(list));

	if (rep && is_halfway(&rep->le))
		rep = list_ledata(list == &unacked.passing
					  ? rep->le_passing.next
					  : rep->le.next);

	return rep;
}


/* The end of a transfer is worth more than the steps on the way */
static bool drop(void)
{
	struct unacked *rep = oldest(&unacked.passing);

	if (!rep)
		rep = oldest(&unacked.list);
	if (!rep)
		return false;

	if (!unacked.dropped++)
		warning("sip_refer: referd has not acknowledged %zu reports; "
			"steps on the way are dropped, then the oldest\n",
			unacked.count);
	mem_deref(rep);

	return true;
}


static void keep(struct unacked *rep, bool passing)
{
	while (unacked.count >= KEEP_MAX ||
	       unacked.bytes + rep->len > KEEP_BYTES_MAX) {
		if (!drop())
			break;
	}

	list_append(&unacked.list, &rep->le, rep);
	if (passing)
		list_append(&unacked.passing, &rep->le_passing, rep);
	++unacked.count;
	unacked.bytes += rep->len;
	if (!unacked.unsent) {
		unacked.unsent = &rep->le;
		unacked.unsent_pos = 0;
	}
}


/**
 * Number a report, and keep it until referd acknowledges it
 *
 * @param j       Report, an open object; freed here
 * @param passing True if it is the first to be dropped when there are too
 *                many: a later one says how it went on
 *
 * @return 0, ENOMEM, or EMSGSIZE if it is too long for a line
 */
int unacked_add(struct json *j, bool passing)
{
	struct unacked *rep;
	char *text;

	json_int(j, "n", (int64_t)unacked.next);
	json_int(j, "time", (int64_t)walltime_now());
	json_close(j, '}');
	text = json_take(j);
	json_free(j);

	/* each that is made has bounds; one that has none must not cost those
	   behind it */
	if (text && strlen(text) > LINK_LINE_MAX) {
		free(text);
		return EMSGSIZE;
	}

	rep = mem_zalloc(sizeof(*rep), destructor);
	if (!text || !rep) {
		free(text);
		mem_deref(rep);
		return ENOMEM;
	}

	/* the terminating zero gives way to the end of the line */
	rep->n = unacked.next++;
	rep->len = strlen(text) + 1;
	rep->line = text;
	rep->line[rep->len - 1] = '\n';

	keep(rep, passing);

	return 0;
}


/**
 * Forget what referd has stored
 *
 * @param n Number of the last report that it has
 */
void unacked_forget(uint64_t n)
{
	struct le *le = list_head(&unacked.list);

	while (le) {

		struct unacked *rep = le->data;

		if (rep->n > n || is_halfway(le))
			break;

		le = le->next;
		mem_deref(rep);
	}

	if (unacked.dropped)
		warning("sip_refer: referd is back; %llu reports were "
			"dropped\n",
			(unsigned long long)unacked.dropped);
	unacked.dropped = 0;
}


/**
 * Get the number of the oldest report that is kept
 *
 * @return Number; of the next one, if none is
 */
uint64_t unacked_first(void)
{
	const struct le *le = list_head(&unacked.list);

	return le ? ((const struct unacked *)le->data)->n : unacked.next;
}


/**
 * Get the number of the next report
 *
 * @return Number
 */
uint64_t unacked_next(void)
{
	return unacked.next;
}


/**
 * Have all that is kept written again
 */
void unacked_rewind(void)
{
	unacked.unsent = list_head(&unacked.list);
	unacked.unsent_pos = 0;
}


static void wrote(size_t n)
{
	unacked.unsent_pos += n;

	while (unacked.unsent) {

		const struct unacked *rep = unacked.unsent->data;

		if (unacked.unsent_pos < rep->len)
			break;

		unacked.unsent_pos -= rep->len;
		unacked.unsent = unacked.unsent->next;
	}
}


static ssize_t write_some(int fd, int flags)
{
	struct iovec iov[IOV_COUNT];
	struct msghdr msg = {.msg_iov = iov};
	size_t skip = unacked.unsent_pos;
	struct le *le;

	for (le = unacked.unsent; le && msg.msg_iovlen < IOV_COUNT;
	     le = le->next) {

		const struct unacked *rep = le->data;
		struct iovec *v = &iov[msg.msg_iovlen++];

		v->iov_base = rep->line + skip;
		v->iov_len = rep->len - skip;
		skip = 0;
	}

	return sendmsg(fd, &msg, MSG_NOSIGNAL | flags);
}


/**
 * Write what is not written yet
 *
 * @param fd    Socket
 * @param flags As for send()
 *
 * @return 0 if that is all, EAGAIN if the socket takes no more for now, or
 *         what else sendmsg() fails with
 */
int unacked_write(int fd, int flags)
{
	while (unacked.unsent) {

		const ssize_t n = write_some(fd, flags);

		if (n < 0)
			return errno;

		wrote(n);
	}

	return 0;
}


/**
 * Forget all reports
 */
void unacked_close(void)
{
	list_flush(&unacked.list);
	unacked.count = 0;
	unacked.bytes = 0;
	unacked.unsent = NULL;
	unacked.unsent_pos = 0;
	unacked.dropped = 0;
	unacked.next = 1;
}

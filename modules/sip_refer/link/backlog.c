/**
 * @file backlog.c  What referd has not acknowledged
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
#include "backlog.h"
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
} backlog = {.next = 1};


static void destructor(void *arg)
{
	struct unacked *rep = arg;

	if (backlog.unsent == &rep->le) {
		backlog.unsent = rep->le.next;
		backlog.unsent_pos = 0;
	}
	if (rep->le.list) {
		--backlog.count;
		backlog.bytes -= rep->len;
	}
	list_unlink(&rep->le);
	list_unlink(&rep->le_passing);
	free(rep->line);
}


/* One that is half written would take the next one with it */
static bool is_halfway(const struct le *le)
{
	return le == backlog.unsent && backlog.unsent_pos;
}


static struct unacked *oldest(const struct list *list)
{
	struct unacked *rep = list_ledata(list_head(list));

	if (rep && is_halfway(&rep->le))
		rep = list_ledata(list == &backlog.passing
					  ? rep->le_passing.next
					  : rep->le.next);

	return rep;
}


/* The end of a transfer is worth more than the steps on the way */
static bool drop(void)
{
	struct unacked *rep = oldest(&backlog.passing);

	if (!rep)
		rep = oldest(&backlog.list);
	if (!rep)
		return false;

	if (!backlog.dropped++)
		warning("sip_refer: referd has not acknowledged %zu reports; "
			"steps on the way are dropped, then the oldest\n",
			backlog.count);
	mem_deref(rep);

	return true;
}


static void keep(struct unacked *rep, bool passing)
{
	while (backlog.count >= KEEP_MAX ||
	       backlog.bytes + rep->len > KEEP_BYTES_MAX) {
		if (!drop())
			break;
	}

	list_append(&backlog.list, &rep->le, rep);
	if (passing)
		list_append(&backlog.passing, &rep->le_passing, rep);
	++backlog.count;
	backlog.bytes += rep->len;
	if (!backlog.unsent) {
		backlog.unsent = &rep->le;
		backlog.unsent_pos = 0;
	}
}


/**
 * Number a report, and keep it until referd acknowledges it
 *
 * @param j       Report, an open object; freed here
 * @param passing True if it is the first to be dropped when there are too
 *                many: a later one says how it went on
 *
 * @return 0 if success, otherwise errorcode
 */
int backlog_add(struct json *j, bool passing)
{
	struct unacked *rep;
	char *text;

	json_int(j, "n", (int64_t)backlog.next);
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
	rep->n = backlog.next++;
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
void backlog_ack(uint64_t n)
{
	struct le *le = list_head(&backlog.list);

	while (le) {

		struct unacked *rep = le->data;

		if (rep->n > n || is_halfway(le))
			break;

		le = le->next;
		mem_deref(rep);
	}

	if (backlog.dropped)
		warning("sip_refer: referd is back; %llu reports were "
			"dropped\n",
			(unsigned long long)backlog.dropped);
	backlog.dropped = 0;
}


/**
 * Get the number of the oldest report that is kept
 *
 * @return Number; of the next one, if none is
 */
uint64_t backlog_first(void)
{
	const struct le *le = list_head(&backlog.list);

	return le ? ((const struct unacked *)le->data)->n : backlog.next;
}


/**
 * Get the number of the next report
 *
 * @return Number
 */
uint64_t backlog_next(void)
{
	return backlog.next;
}


/**
 * Have all that is kept written again
 */
void backlog_rewind(void)
{
	backlog.unsent = list_head(&backlog.list);
	backlog.unsent_pos = 0;
}


static void wrote(size_t n)
{
	backlog.unsent_pos += n;

	while (backlog.unsent) {

		const struct unacked *rep = backlog.unsent->data;

		if (backlog.unsent_pos < rep->len)
			break;

		backlog.unsent_pos -= rep->len;
		backlog.unsent = backlog.unsent->next;
	}
}


static ssize_t write_some(int fd, int flags)
{
	struct iovec iov[IOV_COUNT];
	struct msghdr msg = {.msg_iov = iov};
	size_t skip = backlog.unsent_pos;
	struct le *le;

	for (le = backlog.unsent; le && msg.msg_iovlen < IOV_COUNT;
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
 * @return 0 if that is all, otherwise errorcode
 */
int backlog_write(int fd, int flags)
{
	while (backlog.unsent) {

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
void backlog_close(void)
{
	list_flush(&backlog.list);
	backlog.count = 0;
	backlog.bytes = 0;
	backlog.unsent = NULL;
	backlog.unsent_pos = 0;
	backlog.dropped = 0;
	backlog.next = 1;
}

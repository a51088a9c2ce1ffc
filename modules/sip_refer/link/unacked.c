/**
 * @file unacked.c  Reports that referd has not acknowledged
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <re.h>
#include "direct.h"
#include "host/host.h"
#include "json.h"
#include "linkreport.h"
#include "unacked.h"


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
	struct report *report; /* as it is handed over ...           */
	char *line;            /* ... or as it is written, with '\n' */
	size_t len;            /* of the one or the other [bytes]    */
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
	free(rep->report);
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
			"intermediate steps are dropped, then the oldest\n",
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


/* Each report has bounds; one without must not cost the reports after it */
static int print_line(char **linep, size_t *lenp, const struct report *r)
{
	struct json j;
	char *text;
	size_t len;

	json_init(&j);
	report_print(&j, r);
	text = json_take(&j);
	if (!text)
		return ENOMEM;

	len = strlen(text);
	if (len > LINK_LINE_MAX) {
		free(text);
		return EMSGSIZE;
	}

	/* the terminating zero gives way to the end of the line */
	text[len] = '\n';
	*linep = text;
	*lenp = len + 1;

	return 0;
}


/**
 * Number a report, and keep it until referd acknowledges it
 *
 * @param r       Report
 * @param passing True if it is dropped first when there are too many: a later
 *                report has the newer state
 * @param direct  True if it is to be handed over, not written
 *
 * @return 0, ENOMEM, or EMSGSIZE if it is too long for a line
 */
int unacked_add(const struct report *r, bool passing, bool direct)
{
	struct report numbered = *r;
	struct unacked *rep;
	int err = 0;

	rep = mem_zalloc(sizeof(*rep), destructor);
	if (!rep)
		return ENOMEM;

	numbered.n = unacked.next;
	numbered.time = (int64_t)walltime_now();
	if (direct)
		rep->report = report_copy(&numbered, &rep->len);
	else
		err = print_line(&rep->line, &rep->len, &numbered);
	if (!err && !rep->report && !rep->line)
		err = ENOMEM;
	if (err) {
		mem_deref(rep);
		return err;
	}

	rep->n = unacked.next++;
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
 * @return Number; that of the next report, if there is none
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


/* A report that was handed over as a struct is written now: its line replaces
   it */
static int become_line(struct unacked *rep)
{
	size_t len = 0;
	int err;

	if (rep->line)
		return 0;

	err = print_line(&rep->line, &len, rep->report);
	if (err) {
		warning("sip_refer: a report is lost (%m)\n", err);
		return err;
	}

	unacked.bytes = unacked.bytes - rep->len + len;
	rep->len = len;
	free(rep->report);
	rep->report = NULL;

	return 0;
}


static size_t gather(struct iovec *iov)
{
	size_t skip = unacked.unsent_pos, n = 0;
	struct le *le = unacked.unsent;

	while (le && n < IOV_COUNT) {

		struct unacked *rep = le->data;

		le = le->next;
		if (become_line(rep)) {
			mem_deref(rep);
			continue;
		}

		iov[n].iov_base = rep->line + skip;
		iov[n++].iov_len = rep->len - skip;
		skip = 0;
	}

	return n;
}


/**
 * Write the reports that are not written yet
 *
 * @param fd    Socket
 * @param flags As for send()
 *
 * @return 0 if that is all, EAGAIN if the socket takes no more for now, or
 *         what else sendmsg() fails with
 */
int unacked_write(int fd, int flags)
{
	struct iovec iov[IOV_COUNT];
	struct msghdr msg = {.msg_iov = iov};
	ssize_t n;

	while (unacked.unsent) {

		msg.msg_iovlen = gather(iov);
		if (!msg.msg_iovlen)
			break;

		n = sendmsg(fd, &msg, MSG_NOSIGNAL | flags);
		if (n < 0)
			return errno;

		wrote(n);
	}

	return 0;
}


/* It may be forgotten meanwhile; what was a line stays one */
static void hand(struct unacked *rep, const struct direct_service *service)
{
	char *line;

	if (rep->report) {
		service->report(rep->report);
		return;
	}

	line = malloc(rep->len);
	if (!line)
		return;

	memcpy(line, rep->line, rep->len);
	line[rep->len - 1] = '\0';
	service->line(line, rep->len - 1);
	free(line);
}


/**
 * Hand over the reports that are not handed over yet
 *
 * @param servicep The receiver: NULL as soon as it has gone
 *
 * @return True if there was something
 */
bool unacked_hand(const struct direct_service *const *servicep)
{
	const bool some = unacked.unsent != NULL;

	while (unacked.unsent && *servicep) {

		struct unacked *rep = mem_ref(unacked.unsent->data);

		unacked.unsent = unacked.unsent->next;
		unacked.unsent_pos = 0;
		hand(rep, *servicep);
		mem_deref(rep);
	}

	return some;
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

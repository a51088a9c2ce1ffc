/**
 * @file connection.c  The connection to referd
 *
 * Requests, reconnection, and the replay of what referd has not acknowledged;
 * docs/link.md describes the messages.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <re.h>
#include "json.h"
#include "host/host.h"
#include "connection.h"
#include "lines.h"
#include "link.h"
#include "unacked.h"


enum {
	PROTOCOL = 1,
	BACKOFF_MIN = 100, /* wait before the next connection [ms]    */
	BACKOFF_MAX = 2000,
	LATER_MAX = 2,   /* that a report may wait for the next [ms] */
	FLUSH_MAX = 500, /* last words when the module closes [ms]  */
};

enum state {
	IDLE,     /* not connected, a timer runs    */
	GREETING, /* hello is sent, welcome awaited */
	READY,    /* reports flow                   */
};

static struct {
	enum state state;
	int fd;
	struct compat_fd *cfd;
	struct deadline deadline;
	uint32_t backoff;
	char *path;
	char *node;
	char instance[17]; /* tells this start of the module from others */
	struct link_handlers h;
	struct tmr flush;      /* at the end of a turn of the loop        */
	struct deadline later; /* for what may wait                  */
	bool blocked;          /* we wait until it takes more             */
	bool held;             /* requests wait                           */
	struct tmr resume;
	struct lines in;
} lnk = {.fd = -1};


static void connect_handler(void *arg);
static void io_handler(int flags, void *arg);


static void disconnect(void)
{
	lnk.cfd = mem_deref(lnk.cfd);
	if (lnk.fd >= 0)
		(void)close(lnk.fd);
	lnk.fd = -1;
	lines_reset(&lnk.in);
	lnk.blocked = false;
	lnk.state = IDLE;
}


static void reconnect(void)
{
	disconnect();
	deadline_start(&lnk.deadline, lnk.backoff, connect_handler, NULL);
	lnk.backoff = min(lnk.backoff * 2, BACKOFF_MAX);
}


static void lost(const char *why)
{
	if (lnk.state == READY)
		warning("sip_refer: lost referd at %s (%s); calls go on, "
			"reports are kept\n",
			lnk.path, why);

	reconnect();
}


static int listen_for(bool blocked)
{
	lnk.blocked = blocked;

	return compat_fd_listen(&lnk.cfd, lnk.fd,
				(lnk.held ? FD_EXCEPT : FD_READ) |
					(blocked ? FD_WRITE : 0),
				io_handler, NULL);
}


static void flush_handler(void *arg)
{
	int err;
	(void)arg;

	deadline_cancel(&lnk.later);
	if (lnk.state != READY)
		return;

	err = unacked_write(lnk.fd, MSG_DONTWAIT);
	if (err == EAGAIN || err == EINTR)
		err = listen_for(true);
	else if (!err && lnk.blocked)
		err = listen_for(false);
	if (err)
		lost(strerror(err));
}


void link_flush(void)
{
	tmr_cancel(&lnk.flush);
	flush_handler(NULL);
}


void link_begin(struct json *j, const char *type)
{
	json_init(j);
	json_open(j, NULL, '{');
	json_str(j, "type", type);
}


static bool add(struct json *j, bool passing)
{
	const int err = unacked_add(j, passing);

	if (err)
		warning("sip_refer: a report is lost (%m)\n", err);

	return !err;
}


void link_report(struct json *j)
{
	/* what a turn of the loop reports goes out together, after what it
	   has sent to the network */
	if (add(j, false))
		tmr_start(&lnk.flush, 0, flush_handler, NULL);
}


static void report_later(struct json *j, bool passing)
{
	if (add(j, passing) && !deadline_runs(&lnk.later))
		deadline_start(&lnk.later, LATER_MAX, flush_handler, NULL);
}


void link_report_later(struct json *j)
{
	report_later(j, false);
}


void link_report_step(struct json *j)
{
	report_later(j, true);
}


/* False if it has no n that can be the number of a report */
static bool get_n(uint64_t *np, const cJSON *json)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(json, "n");

	if (!cJSON_IsNumber(n) ||
	    !(n->valuedouble >= 0 && n->valuedouble < unacked_next()))
		return false;

	*np = (uint64_t)n->valuedouble;

	return true;
}


static void welcome(const cJSON *json)
{
	uint64_t n;

	info("sip_refer: connected to referd at %s\n", lnk.path);

	if (get_n(&n, json))
		unacked_forget(n);
	unacked_rewind();
	lnk.backoff = BACKOFF_MIN;
	lnk.state = READY;

	lnk.h.sync();
}


/* A handler may lose the connection, or let referd's requests wait */
static bool line_handler(const char *line, size_t len)
{
	cJSON *json = cJSON_ParseWithLength(line, len);
	const char *type = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(json, "type"));
	uint64_t n;

	if (!type)
		warning("sip_refer: referd sent a line that is no message\n");
	else if (!strcmp(type, "welcome") && lnk.state == GREETING)
		welcome(json);
	else if (!strcmp(type, "ack") && get_n(&n, json))
		unacked_forget(n);
	else if (lnk.state == READY)
		lnk.h.request(json);

	cJSON_Delete(json);

	return lnk.fd >= 0 && !lnk.held;
}


static void split_lines(void)
{
	if (!lnk.held && lines_split(&lnk.in, line_handler))
		warning("sip_refer: referd sent a line of more than %u bytes, "
			"which is skipped\n",
			LINK_LINE_MAX);
}


static void read_lines(void)
{
	const ssize_t n = lines_recv(&lnk.in, lnk.fd);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;

	if (n > 0)
		split_lines();
	else
		lost(n ? strerror(errno) : "it closed the connection");
}


static void resume_handler(void *arg)
{
	int err;
	(void)arg;

	if (lnk.fd < 0)
		return;

	split_lines();
	err = lnk.fd < 0 || lnk.held ? 0 : listen_for(lnk.blocked);
	if (err)
		lost(strerror(err));
}


/**
 * Let referd's requests wait, or go on with them
 *
 * @param hold True to let them wait
 */
void link_hold(bool hold)
{
	if (hold == lnk.held)
		return;

	lnk.held = hold;
	if (!hold)
		tmr_start(&lnk.resume, 0, resume_handler, NULL);
	else if (lnk.fd >= 0)
		(void)listen_for(lnk.blocked);
}


static void io_handler(int flags, void *arg)
{
	(void)arg;

	if (flags & FD_WRITE)
		flush_handler(NULL);

	if (lnk.fd >= 0 && (flags & (FD_READ | FD_EXCEPT)))
		read_lines();
}


/* Small enough for an empty socket buffer: it is written whole or not */
static int send_hello(void)
{
	struct json j;
	char *text;
	size_t len;
	int err = 0;

	link_begin(&j, "hello");
	json_int(&j, "protocol", PROTOCOL);
	json_str(&j, "node", lnk.node);
	json_str(&j, "boot", lnk.instance);
	json_str(&j, "version", PROJECT_VERSION);
	json_str(&j, "baresip", compat_baresip_version());
	json_str(&j, "libre", sys_libre_version_get());
	json_int(&j, "first", (int64_t)unacked_first());
	json_int(&j, "next", (int64_t)unacked_next());
	json_close(&j, '}');

	text = json_take(&j);
	json_free(&j);
	if (!text)
		return ENOMEM;

	len = strlen(text);
	text[len++] = '\n';
	if (send(lnk.fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
	    (ssize_t)len)
		err = EPIPE;

	free(text);

	return err;
}


static int connect_socket(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	str_ncpy(sun.sun_path, lnk.path, sizeof(sun.sun_path));

	lnk.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
	if (lnk.fd < 0)
		return errno;

	if (connect(lnk.fd, (struct sockaddr *)&sun, sizeof(sun)))
		return errno;

	return 0;
}


static void connect_handler(void *arg)
{
	int err;
	(void)arg;

	err = connect_socket();
	if (!err)
		err = listen_for(false);
	if (!err)
		err = send_hello();
	if (err) {
		debug("sip_refer: no referd at %s (%m)\n", lnk.path, err);
		reconnect();
		return;
	}

	lnk.state = GREETING;
}


int link_init(const char *path, const char *node,
	      const struct link_handlers *h)
{
	int err;

	err = str_dup(&lnk.path, path);
	err |= str_dup(&lnk.node, node);
	if (err)
		return err;

	(void)re_snprintf(lnk.instance, sizeof(lnk.instance), "%016llx",
			  rand_u64());
	lnk.h = *h;
	lnk.backoff = BACKOFF_MIN;
	deadline_start(&lnk.deadline, 0, connect_handler, NULL);

	return 0;
}


/* The loop no longer runs: wait a moment for a socket that blocks */
static void last_words(void)
{
	struct timeval tv = {.tv_usec = FLUSH_MAX * 1000};
	int flags;

	if (lnk.state != READY)
		return;

	flags = fcntl(lnk.fd, F_GETFL);
	(void)fcntl(lnk.fd, F_SETFL, flags & ~O_NONBLOCK);
	(void)setsockopt(lnk.fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	(void)unacked_write(lnk.fd, 0);
}


void link_close(void)
{
	last_words();
	tmr_cancel(&lnk.flush);
	tmr_cancel(&lnk.resume);
	deadline_cancel(&lnk.later);
	deadline_cancel(&lnk.deadline);
	disconnect();
	unacked_close();
	lnk.held = false;
	lnk.path = mem_deref(lnk.path);
	lnk.node = mem_deref(lnk.node);
}

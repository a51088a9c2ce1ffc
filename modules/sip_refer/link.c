/**
 * @file link.c  The socket to referd
 *
 * Framing, reconnection, and the replay of what referd has not acknowledged;
 * docs/link.md describes the messages.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


enum {
	PROTOCOL = 1,
	LINE_SIZE = 65536, /* longest line either way [bytes]         */
	KEEP_MAX = 4096,   /* reports kept until acknowledged         */
	BACKOFF_MIN = 100, /* wait before the next connection [ms]    */
	BACKOFF_MAX = 2000,
	FLUSH_MAX = 500, /* last words when the module closes [ms]  */
	IOV_COUNT = 16,  /* reports written at once                 */
};

enum state {
	IDLE,     /* not connected, a timer runs    */
	GREETING, /* hello is sent, welcome awaited */
	READY,    /* reports flow                   */
};

/** A report, kept until it is acknowledged */
struct report {
	struct le le;
	uint64_t n;
	char *line;
	size_t len;
};

static struct {
	enum state state;
	int fd;
	struct compat_fd *cfd;
	struct deadline deadline;
	uint32_t backoff;
	char *path;
	char *node;
	char boot[17];
	link_request_h *requesth;
	struct list reportl; /* kept, in the order of n              */
	uint64_t next;       /* number of the next report            */
	struct le *unsent;   /* first of reportl that is not written */
	size_t unsent_pos;   /* bytes of it that are                 */
	size_t kept;         /* how many there are                   */
	struct tmr flush;    /* at the end of a turn of the loop     */
	bool blocked;        /* we wait until it takes more          */
	char *hello;         /* rest of the hello, if it blocked     */
	char in[LINE_SIZE];
	size_t inlen;
	bool dropping; /* KEEP_MAX was reached, said once      */
} lnk = {.fd = -1};


static void connect_handler(void *arg);
static void io_handler(int flags, void *arg);


/**
 * Get the wall clock
 *
 * @return Milliseconds since 1970
 */
uint64_t link_now(void)
{
	struct timeval tv;

	(void)gettimeofday(&tv, NULL);

	return (uint64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}


static void report_destructor(void *arg)
{
	struct report *rep = arg;

	if (lnk.unsent == &rep->le) {
		lnk.unsent = rep->le.next;
		lnk.unsent_pos = 0;
	}
	if (rep->le.list)
		--lnk.kept;
	list_unlink(&rep->le);
	cJSON_free(rep->line);
}


static void disconnect(void)
{
	lnk.cfd = mem_deref(lnk.cfd);
	if (lnk.fd >= 0)
		(void)close(lnk.fd);
	lnk.fd = -1;
	lnk.inlen = 0;
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


static int listen_for(int flags)
{
	lnk.blocked = flags & FD_WRITE;

	return compat_fd_listen(&lnk.cfd, lnk.fd, flags, io_handler, NULL);
}


/* Some of the reports that wait, in one go */
static ssize_t write_some(int flags)
{
	struct iovec iov[IOV_COUNT];
	struct msghdr msg = {.msg_iov = iov};
	size_t skip = lnk.unsent_pos;
	struct le *le;

	for (le = lnk.unsent; le && msg.msg_iovlen < IOV_COUNT;
	     le = le->next) {

		const struct report *rep = le->data;
		struct iovec *v = &iov[msg.msg_iovlen++];

		v->iov_base = rep->line + skip;
		v->iov_len = rep->len - skip;
		skip = 0;
	}

	return sendmsg(lnk.fd, &msg, MSG_NOSIGNAL | flags);
}


static void wrote(size_t n)
{
	lnk.unsent_pos += n;

	while (lnk.unsent) {

		const struct report *rep = lnk.unsent->data;

		if (lnk.unsent_pos < rep->len)
			break;

		lnk.unsent_pos -= rep->len;
		lnk.unsent = lnk.unsent->next;
	}
}


/* Write until all is written or the socket blocks */
static int write_reports(void)
{
	while (lnk.unsent) {

		const ssize_t n = write_some(MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return listen_for(FD_READ | FD_WRITE);
		if (n < 0)
			return errno;

		wrote(n);
	}

	return lnk.blocked ? listen_for(FD_READ) : 0;
}


static void flush_handler(void *arg)
{
	int err;
	(void)arg;

	if (lnk.state != READY)
		return;

	err = write_reports();
	if (err)
		lost(strerror(err));
}


static void keep(struct report *rep)
{
	if (lnk.kept >= KEEP_MAX) {

		if (!lnk.dropping)
			warning("sip_refer: referd has not acknowledged %u "
				"reports; the oldest are dropped\n",
				KEEP_MAX);
		lnk.dropping = true;
		mem_deref(list_ledata(list_head(&lnk.reportl)));
	}

	list_append(&lnk.reportl, &rep->le, rep);
	++lnk.kept;
	if (!lnk.unsent) {
		lnk.unsent = &rep->le;
		lnk.unsent_pos = 0;
	}
}


/**
 * Report to referd. The report is numbered, and kept until referd
 * acknowledges it.
 *
 * @param json Report; released here
 */
void link_report(struct cJSON *json)
{
	struct report *rep;
	char *text;

	cJSON_AddNumberToObject(json, "n", lnk.next);
	cJSON_AddNumberToObject(json, "time", link_now());
	text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);

	rep = mem_zalloc(sizeof(*rep), report_destructor);
	if (!text || !rep) {
		cJSON_free(text);
		mem_deref(rep);
		warning("sip_refer: out of memory: a report is lost\n");
		return;
	}

	/* the terminating zero gives way to the end of the line */
	rep->n = lnk.next++;
	rep->len = strlen(text) + 1;
	rep->line = text;
	rep->line[rep->len - 1] = '\n';

	keep(rep);

	/* what a turn of the loop reports goes out together, after what it
	   has sent to the network */
	tmr_start(&lnk.flush, 0, flush_handler, NULL);
}


static void acknowledged(uint64_t n)
{
	struct le *le = list_head(&lnk.reportl);

	while (le) {

		struct report *rep = le->data;

		if (rep->n > n)
			break;

		le = le->next;
		mem_deref(rep);
	}

	lnk.dropping = false;
}


static uint64_t first_kept(void)
{
	const struct le *le = list_head(&lnk.reportl);

	return le ? ((const struct report *)le->data)->n : lnk.next;
}


static void sync_report(void)
{
	cJSON *json = cJSON_CreateObject();

	calls_report();

	cJSON_AddStringToObject(json, "type", "sync");
	transfers_list(cJSON_AddArrayToObject(json, "transfers"));

	link_report(json);
}


/* False if it has no n that can be the number of a report */
static bool get_n(uint64_t *np, const cJSON *json)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(json, "n");

	if (!cJSON_IsNumber(n) ||
	    !(n->valuedouble >= 0 && n->valuedouble < lnk.next))
		return false;

	*np = (uint64_t)n->valuedouble;

	return true;
}


static void welcome(const cJSON *json)
{
	uint64_t n;

	info("sip_refer: connected to referd at %s\n", lnk.path);

	if (get_n(&n, json))
		acknowledged(n);
	lnk.unsent = list_head(&lnk.reportl);
	lnk.unsent_pos = 0;
	lnk.backoff = BACKOFF_MIN;
	lnk.state = READY;

	sync_report();
}


static void line_handler(const char *line, size_t len)
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
		acknowledged(n);
	else if (lnk.state == READY)
		lnk.requesth(json);

	cJSON_Delete(json);
}


/* A handler may lose the connection; then nothing is left to read */
static void lines_split(void)
{
	char *start = lnk.in, *end;

	while (lnk.fd >= 0) {

		const size_t left = lnk.in + lnk.inlen - start;

		end = memchr(start, '\n', left);
		if (!end) {
			memmove(lnk.in, start, left);
			lnk.inlen = left;
			break;
		}

		line_handler(start, end - start);
		start = end + 1;
	}
}


static void read_lines(void)
{
	ssize_t n;

	n = recv(lnk.fd, lnk.in + lnk.inlen, sizeof(lnk.in) - lnk.inlen,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;

	if (n <= 0) {
		lost(n ? strerror(errno) : "it closed the connection");
		return;
	}

	lnk.inlen += n;
	lines_split();

	if (lnk.inlen == sizeof(lnk.in))
		lost("it sent a line that is too long");
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
	cJSON *json = cJSON_CreateObject();
	char *text;
	size_t len;
	int err = 0;

	cJSON_AddStringToObject(json, "type", "hello");
	cJSON_AddNumberToObject(json, "protocol", PROTOCOL);
	cJSON_AddStringToObject(json, "node", lnk.node);
	cJSON_AddStringToObject(json, "boot", lnk.boot);
	cJSON_AddStringToObject(json, "version", PROJECT_VERSION);
	cJSON_AddStringToObject(json, "baresip", compat_baresip_version());
	cJSON_AddStringToObject(json, "libre", sys_libre_version_get());
	cJSON_AddNumberToObject(json, "first", first_kept());
	cJSON_AddNumberToObject(json, "next", lnk.next);

	text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	if (!text)
		return ENOMEM;

	len = strlen(text);
	text[len++] = '\n';
	if (send(lnk.fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
	    (ssize_t)len)
		err = EPIPE;

	cJSON_free(text);

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
		err = listen_for(FD_READ);
	if (!err)
		err = send_hello();
	if (err) {
		debug("sip_refer: no referd at %s (%m)\n", lnk.path, err);
		reconnect();
		return;
	}

	lnk.state = GREETING;
}


/**
 * Start the link to referd. Nobody has to listen yet: it connects when it can.
 *
 * @param path     Path of referd's socket
 * @param node     Name of this baresip
 * @param requesth Handler of referd's requests
 *
 * @return 0 if success, otherwise errorcode
 */
int link_init(const char *path, const char *node, link_request_h *requesth)
{
	int err;

	err = str_dup(&lnk.path, path);
	err |= str_dup(&lnk.node, node);
	if (err)
		return err;

	(void)re_snprintf(lnk.boot, sizeof(lnk.boot), "%016llx", rand_u64());
	lnk.requesth = requesth;
	lnk.next = 1;
	lnk.backoff = BACKOFF_MIN;
	deadline_start(&lnk.deadline, 0, connect_handler, NULL);

	return 0;
}


/* The loop no longer runs: wait a moment for a socket that blocks */
static void last_words(void)
{
	struct timeval tv = {.tv_usec = FLUSH_MAX * 1000};
	int flags;

	if (lnk.state != READY || !lnk.unsent)
		return;

	flags = fcntl(lnk.fd, F_GETFL);
	(void)fcntl(lnk.fd, F_SETFL, flags & ~O_NONBLOCK);
	(void)setsockopt(lnk.fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));

	while (lnk.unsent) {

		const ssize_t n = write_some(0);

		if (n < 0)
			break;
		wrote(n);
	}
}


/**
 * Send what is left to say, and close the link
 */
void link_close(void)
{
	last_words();
	tmr_cancel(&lnk.flush);
	deadline_cancel(&lnk.deadline);
	disconnect();
	list_flush(&lnk.reportl);
	lnk.unsent = NULL;
	lnk.path = mem_deref(lnk.path);
	lnk.node = mem_deref(lnk.node);
}

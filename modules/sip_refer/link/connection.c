/**
 * @file connection.c  The connection to referd's socket
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
#include "linkreport.h"
#include "linkrequest.h"
#include "host/host.h"
#include "connection.h"
#include "lines.h"
#include "unacked.h"
#include "ways.h"


enum {
	FLUSH_MAX = 500, /* last words when the module closes [ms] */
};

enum state {
	IDLE,     /* not connected                  */
	GREETING, /* hello is sent, welcome awaited */
	READY,    /* reports flow                   */
};

static struct {
	enum state state;
	int fd;
	struct compat_fd *cfd;
	char *path;
	bool blocked; /* we wait until it takes more */
	struct lines in;
} conn = {.fd = -1};


static void io_handler(int flags, void *arg);


/**
 * Close the connection, if there is one
 */
void connection_drop(void)
{
	conn.cfd = mem_deref(conn.cfd);
	if (conn.fd >= 0)
		(void)close(conn.fd);
	conn.fd = -1;
	lines_reset(&conn.in);
	conn.blocked = false;
	conn.state = IDLE;
}


static void lost(const char *why)
{
	if (conn.state == READY)
		warning("sip_refer: lost referd at %s (%s); calls go on, "
			"reports are kept\n",
			conn.path, why);

	connection_drop();
	link_lost();
}


static int listen_for(bool blocked)
{
	conn.blocked = blocked;

	return compat_fd_listen(&conn.cfd, conn.fd,
				(link_is_held() ? FD_EXCEPT : FD_READ) |
					(blocked ? FD_WRITE : 0),
				io_handler, NULL);
}


/**
 * Tell whether reports flow
 *
 * @return True if so
 */
bool connection_is_up(void)
{
	return conn.state == READY;
}


/**
 * Send what was reported, as far as the socket takes it; the rest follows by
 * itself
 */
void connection_flush(void)
{
	int err;

	if (conn.state != READY)
		return;

	err = unacked_write(conn.fd, MSG_DONTWAIT);
	if (err == EAGAIN || err == EINTR)
		err = listen_for(true);
	else if (!err && conn.blocked)
		err = listen_for(false);
	if (err)
		lost(strerror(err));
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

	info("sip_refer: connected to referd at %s\n", conn.path);

	if (!get_n(&n, json))
		n = 0;
	conn.state = READY;

	link_welcome(n);
}


static const char *get_string(const cJSON *json, const char *name)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(json, name));
}


static bool get_bool(const cJSON *json, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, name));
}


/* 0 if it is none */
static int get_count(const cJSON *json, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

	return cJSON_IsNumber(item) && item->valueint > 0 ? item->valueint : 0;
}


/* What is to be dialled stands beside the rest */
static void request(const cJSON *json, const char *type)
{
	const struct node_request rq = {
		.type = type,
		.ref = get_string(json, "ref"),
		.call_sid = get_string(json, "call_sid"),
		.run = get_bool(json, "run"),
		.attempts = get_count(json, "attempts"),
		.hold = get_bool(json, "hold"),
		.evidence = get_string(json, "evidence"),
		.reason = get_string(json, "reason"),
		.unsubscribe = get_bool(json, "unsubscribe"),
	};

	if (!strcmp(type, "verbs"))
		json = cJSON_GetObjectItemCaseSensitive(json, "verbs");
	link_asked(&rq, json);
}


/* A handler may lose the connection, or let referd's requests wait */
static bool line_handler(const char *line, size_t len)
{
	cJSON *json = cJSON_ParseWithLength(line, len);
	const char *type = get_string(json, "type");
	uint64_t n;

	if (!type)
		warning("sip_refer: referd sent a line that is not a "
			"message\n");
	else if (!strcmp(type, "welcome") && conn.state == GREETING)
		welcome(json);
	else if (!strcmp(type, "ack") && get_n(&n, json))
		unacked_forget(n);
	else if (conn.state == READY)
		request(json, type);

	cJSON_Delete(json);

	return conn.fd >= 0 && !link_is_held();
}


static void split_lines(void)
{
	if (!link_is_held() && lines_split(&conn.in, line_handler))
		warning("sip_refer: referd sent a line of more than %u bytes; "
			"it is skipped\n",
			LINK_LINE_MAX);
}


static void read_lines(void)
{
	const ssize_t n = lines_recv(&conn.in, conn.fd);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;

	if (n > 0)
		split_lines();
	else
		lost(n ? strerror(errno) : "it closed the connection");
}


/**
 * Read no more: requests wait
 */
void connection_hold(void)
{
	if (conn.fd >= 0)
		(void)listen_for(conn.blocked);
}


/**
 * Continue with the lines that were read, and with reading
 */
void connection_resume(void)
{
	int err;

	if (conn.fd < 0)
		return;

	split_lines();
	err = conn.fd < 0 || link_is_held() ? 0 : listen_for(conn.blocked);
	if (err)
		lost(strerror(err));
}


static void io_handler(int flags, void *arg)
{
	(void)arg;

	if (flags & FD_WRITE)
		connection_flush();

	if (conn.fd >= 0 && (flags & (FD_READ | FD_EXCEPT)))
		read_lines();
}


/* Small enough for an empty socket buffer: it is written whole or not */
static int send_hello(void)
{
	struct report hello;
	struct json j;
	char *text;
	size_t len;
	int err = 0;

	link_hello(&hello);
	json_init(&j);
	report_print(&j, &hello);
	text = json_take(&j);
	if (!text)
		return ENOMEM;

	len = strlen(text);
	text[len++] = '\n';
	if (send(conn.fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
	    (ssize_t)len)
		err = EPIPE;

	free(text);

	return err;
}


static int connect_socket(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	str_ncpy(sun.sun_path, conn.path, sizeof(sun.sun_path));

	conn.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			 0);
	if (conn.fd < 0)
		return errno;

	if (connect(conn.fd, (struct sockaddr *)&sun, sizeof(sun)))
		return errno;

	return 0;
}


/**
 * Connect
 *
 * @return 0 if a connection is on its way; otherwise errorcode
 */
int connection_open(void)
{
	int err;

	err = connect_socket();
	if (!err)
		err = listen_for(false);
	if (!err)
		err = send_hello();
	if (err) {
		debug("sip_refer: no referd at %s (%m)\n", conn.path, err);
		connection_drop();
		return err;
	}

	conn.state = GREETING;

	return 0;
}


/**
 * Get ready to connect
 *
 * @param path Path of referd's socket
 *
 * @return 0, or ENOMEM
 */
int connection_init(const char *path)
{
	return str_dup(&conn.path, path);
}


/* The loop no longer runs: wait a moment for a socket that blocks */
static void last_words(void)
{
	struct timeval tv = {.tv_usec = FLUSH_MAX * 1000};
	int flags;

	if (conn.state != READY)
		return;

	flags = fcntl(conn.fd, F_GETFL);
	(void)fcntl(conn.fd, F_SETFL, flags & ~O_NONBLOCK);
	(void)setsockopt(conn.fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	(void)unacked_write(conn.fd, 0);
}


/**
 * Send the last words, and close the connection
 */
void connection_close(void)
{
	last_words();
	connection_drop();
	conn.path = mem_deref(conn.path);
}

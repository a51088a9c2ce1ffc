/**
 * @file conn.c  One connection, until it is a client or a request
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "conn.h"
#include "access.h"
#include "http.h"
#include "net/net.h"
#include "scope.h"
#include "store/store.h"
#include "stream/stream.h"


enum {
	AUTH_TIME = 5, /* seconds for a first frame with a token */
	AUTH_FRAME_MAX = 1024,
	BODY_TIME = 10,       /* seconds for the body of a request */
	REST_TIME = 10,       /* ... until the next one */
	REPLY_TIME = 30,      /* ... and to get its answer, and read it */
	ARGUMENT_SIZE = 4096, /* libwebsockets takes no more */
	RX_SIZE = 1024,       /* which each client has for itself */
	TX_SIZE = 1 << 16,    /* written at once */
	LENGTH_SIZE = 12,     /* of the length of a body, in digits */
};

/* Name and position that a client gives */
struct arguments {
	char name[CLIENT_NAME_SIZE];
	uint64_t since; /* UINT64_MAX to begin now */
	enum scope scope;
};

/* Data that libwebsockets keeps for each connection */
struct conn {
	struct client *client;   /* of a WebSocket, once its token is known */
	struct request *request; /* of HTTP */
	struct badge badge;
	struct arguments args;
	struct throttle throttle;
	char *frame; /* the first one, that has the token */
	size_t len;
};

static int refuse(struct lws *wsi, unsigned status, const char *why)
{
	(void)lws_return_http_status(wsi, status, why);

	return 1;
}


static int refuse_foreign(struct lws *wsi)
{
	return refuse(wsi, HTTP_STATUS_FORBIDDEN,
		      "Origin must match Host or be listed in --allow-origin");
}


/* libwebsockets 4.3 lets an escaped zero byte pass in the query */
static bool has_zero(struct lws *wsi)
{
	char text[ARGUMENT_SIZE];
	int len;

	for (int i = 0;; i++) {
		len = lws_hdr_copy_fragment(wsi, text, sizeof(text),
					    WSI_TOKEN_HTTP_URI_ARGS, i);
		if (len < 0)
			return false;
		if (strlen(text) != (size_t)len)
			return true;
	}
}


/* libwebsockets ends a URL at an escaped CR or LF, and then misses the HTTP
   version */
static bool is_garbled(struct lws *wsi)
{
	return !lws_hdr_total_length(wsi, WSI_TOKEN_HTTP) || has_zero(wsi);
}


static int refuse_garbled(struct lws *wsi)
{
	return refuse(wsi, HTTP_STATUS_BAD_REQUEST,
		      "The URL must not contain control characters");
}


/* The length of a body must be beyond doubt: a proxy that reads it differently
   would take a part of it for a request (RFC 9112 section 6.3).  Returns the
   rule that the request breaks, NULL if it breaks none. */
static const char *body_error(struct lws *wsi)
{
	char length[LENGTH_SIZE] = "";
	size_t n;

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING))
		return "A body must have a Content-Length and no "
		       "Transfer-Encoding";

	if (!lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH))
		return NULL;

	(void)lws_hdr_copy(wsi, length, sizeof(length),
			   WSI_TOKEN_HTTP_CONTENT_LENGTH);
	n = strspn(length, "0123456789");

	return n && !length[n + strspn(length + n, " \t")]
		       ? NULL
		       : "Content-Length must be one number";
}


/* A request comes, or the connection ends with an answer */
static int filter(struct lws *wsi)
{
	const char *why;

	watchdog_limit(wsi, REPLY_TIME);
	if (is_garbled(wsi))
		return refuse_garbled(wsi);
	if (access_foreign(wsi))
		return refuse_foreign(wsi);

	why = body_error(wsi);

	return why ? refuse(wsi, HTTP_STATUS_BAD_REQUEST, why) : 0;
}


/* Numbers of another fleet, or of a lost stream, have no meaning */
static int get_scope(struct lws *wsi, struct arguments *args,
		     struct error *error)
{
	char buf[ARGUMENT_SIZE];
	struct scope_wish wish;
	const char *p;
	int err = scope_read(&wish, wsi, error);

	args->scope = wish.scope;
	if (err || wish.scope == SCOPE_LOCAL)
		return err;

	p = lws_get_urlarg_by_name(wsi, "fleet=", buf, sizeof(buf));
	if (p && *p && strcmp(p, fleetstore_epoch()) != 0)
		args->since = UINT64_MAX;

	return 0;
}


/* The arguments are read again once the connection is bound to a dialect */
static int get_args(struct lws *wsi, struct arguments *args,
		    struct error *error)
{
	char buf[ARGUMENT_SIZE];
	const char *p;

	error_init(error);
	*args = (struct arguments){.since = UINT64_MAX};

	p = lws_get_urlarg_by_name(wsi, "client=", buf, sizeof(buf));
	if (p) {
		if (!client_name_valid(p))
			return error_set(
				error, 400, "client",
				"must be a name of 1 to 64 characters: "
				"letters, digits and . _ -");
		strcpy(args->name, p);
	}

	p = lws_get_urlarg_by_name(wsi, "since=", buf, sizeof(buf));
	if (p) {
		errno = 0;
		args->since = strtoull(p, NULL, 10);
		if (errno || !*p || p[strspn(p, "0123456789")])
			return error_set(error, 400, "since",
					 "must be the seq of a message");
	}

	return get_scope(wsi, args, error);
}


static int confirm_upgrade(struct lws *wsi)
{
	struct arguments args;
	struct badge badge;
	struct error error;
	char uri[64] = "";

	if (is_garbled(wsi))
		return refuse_garbled(wsi);

	if (access_foreign(wsi))
		return refuse_foreign(wsi);

	if (lws_hdr_copy(wsi, uri, sizeof(uri), WSI_TOKEN_GET_URI) <= 0 ||
	    strcmp(uri, "/ws"))
		return refuse(wsi, HTTP_STATUS_NOT_FOUND,
			      "The WebSocket is at /ws");

	if (access_check(&badge, wsi, true) == ACCESS_UNKNOWN)
		return refuse(wsi, HTTP_STATUS_UNAUTHORIZED,
			      "The token is not known");

	return get_args(wsi, &args, &error)
		       ? refuse(wsi, HTTP_STATUS_BAD_REQUEST, error.text)
		       : 0;
}


static int refuse_websocket(struct lws *wsi, int code, const char *why)
{
	lws_close_reason(wsi, (enum lws_close_status)code,
			 (unsigned char *)why, strlen(why));

	return EACCES;
}


static int create_client(struct lws *wsi, struct conn *conn)
{
	const char *protocol = lws_get_protocol(wsi)->name;
	enum dialect dialect = strcmp(protocol, "ws.jambonz.org")
				       ? DIALECT_DEFAULT
				       : DIALECT_JAMBONZ;
	int err;

	watchdog_live(wsi);
	throttle_start(&conn->throttle, wsi);
	err = client_create(&conn->client, wsi, conn->args.scope,
			    conn->args.name, NULL, dialect, conn->args.since,
			    &conn->badge);

	return err == EACCES ? refuse_websocket(wsi, CLOSE_NO_TOKEN,
						"The name belongs to a client "
						"with another token")
			     : err;
}


/* A client without a token in the request may send it in the first frame */
static int established(struct lws *wsi, struct conn *conn)
{
	if (conn->badge.role != ROLE_NONE)
		return create_client(wsi, conn);

	watchdog_limit_close(wsi, AUTH_TIME, CLOSE_NO_TOKEN,
			     "The client has sent no token in time");

	return 0;
}


static int log_in(struct lws *wsi, struct conn *conn, const void *in,
		  size_t len, bool last)
{
	char *frame;
	bool known;

	frame = conn->len + len > AUTH_FRAME_MAX
			? NULL
			: realloc(conn->frame, conn->len + len + 1);
	if (!frame)
		return refuse_websocket(wsi, CLOSE_NO_TOKEN,
					"The first message is too long");

	memcpy(frame + conn->len, in, len);
	conn->frame = frame;
	conn->len += len;
	if (!last)
		return 0;

	known = access_frame(&conn->badge, frame, conn->len);
	explicit_bzero(frame, conn->len);
	if (!known)
		return refuse_websocket(
			wsi, CLOSE_NO_TOKEN,
			"The first message must be auth with a known token");

	return create_client(wsi, conn);
}


static int receive(struct lws *wsi, struct conn *conn, void *in, size_t len)
{
	bool last = lws_is_final_fragment(wsi) &&
		    !lws_remaining_packet_payload(wsi);

	if (!conn->client)
		return log_in(wsi, conn, in, len, last);

	watchdog_heard(wsi);
	if (last)
		throttle_count(&conn->throttle);

	return client_receive(conn->client, in, len, last,
			      lws_frame_is_binary(wsi) != 0);
}


static int writable(struct lws *wsi, struct conn *conn)
{
	int err;

	(void)store_secure();
	err = watchdog_ping(wsi);

	return err || !conn->client ? err : client_writable(conn->client);
}


static int write_reply(struct lws *wsi, struct conn *conn)
{
	bool answers;
	int err;

	(void)store_secure();
	answers = http_answers(conn->request);
	err = http_writable(conn->request);
	if (!err && answers && !lws_partial_buffered(wsi))
		watchdog_limit(wsi, REST_TIME);

	return err;
}


static void closed(struct conn *conn)
{
	throttle_stop(&conn->throttle);
	client_destroy(conn->client);
	conn->client = NULL;
	free(conn->frame);
	conn->frame = NULL;
}


static int begin_request(struct lws *wsi, struct conn *conn)
{
	bool body = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) >
		    0;

	(void)access_check(&conn->badge, wsi, false);
	watchdog_limit(wsi, body ? BODY_TIME : REPLY_TIME);

	return http_begin(&conn->request, wsi, conn->badge.role);
}


/* The last that is heard of any connection */
static void forget(struct lws *wsi)
{
	watchdog_end(lws_get_opaque_user_data(wsi));
	lws_set_opaque_user_data(wsi, NULL);
}


static int callback(struct lws *wsi, enum lws_callback_reasons reason,
		    void *user, void *in, size_t len)
{
	struct conn *conn = user;

	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return confirm_upgrade(wsi);

	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		(void)access_check(&conn->badge, wsi, true);
		return get_args(wsi, &conn->args, &(struct error){0}) != 0;

	case LWS_CALLBACK_ESTABLISHED: return established(wsi, conn);

	case LWS_CALLBACK_RECEIVE: return receive(wsi, conn, in, len) ? -1 : 0;

	case LWS_CALLBACK_SERVER_WRITEABLE:
		return writable(wsi, conn) ? -1 : 0;

	case LWS_CALLBACK_RECEIVE_PONG: watchdog_heard(wsi); return 0;

	case LWS_CALLBACK_CLOSED: closed(conn); return 0;

	case LWS_CALLBACK_FILTER_HTTP_CONNECTION: return filter(wsi);

	case LWS_CALLBACK_HTTP: return begin_request(wsi, conn);

	case LWS_CALLBACK_HTTP_BODY: return http_body(conn->request, in, len);

	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		watchdog_limit(wsi, REPLY_TIME);
		return http_body_done(conn->request);

	case LWS_CALLBACK_HTTP_WRITEABLE:
		if (!conn || !conn->request)
			break;
		return write_reply(wsi, conn);

	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
	case LWS_CALLBACK_CLOSED_HTTP:
		if (conn)
			conn->request = http_end(conn->request);
		break;

	case LWS_CALLBACK_WSI_DESTROY: forget(wsi); break;

	default: break;
	}

	return lws_callback_http_dummy(wsi, reason, user, in, len);
}


/* The first serves HTTP, and clients that ask for no subprotocol */
const struct lws_protocols conn_protocols[] = {
	{"referd.v1", callback, sizeof(struct conn), RX_SIZE, 0, NULL,
	 TX_SIZE},
	{"ws.jambonz.org", callback, sizeof(struct conn), RX_SIZE, 0, NULL,
	 TX_SIZE},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

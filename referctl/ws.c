/**
 * @file ws.c  The WebSocket to referd
 *
 * A lost connection is made again, from the last message on: no message is
 * missed, and none comes twice.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "print.h"
#include "ws.h"


enum {
	MESSAGE_SIZE_MAX = 64 << 20,
	RX_SIZE = 4096,
	SEQ_SIZE = 48,
	CONNECT_TIME = 5,  /* seconds */
	CLOSE_AUTH = 4001, /* the token is known no more */
	PING_TIME = 20,
	HANGUP_TIME = 30,
};

static const struct timespec pause_time = {.tv_nsec = 500000000};

static struct {
	const struct settings *s;
	const struct ws_request *r;
	struct lws *wsi;
	bool open;  /* referd has said hello */
	bool sent;  /* what there is to send is */
	bool done;  /* nothing more is wanted */
	bool fatal; /* trying again is no use */
	int64_t seq;
	char *text; /* of a message that comes in pieces */
	size_t len;
	char why[512];
} ws;


static void set_why(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));


static void set_why(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(ws.why, sizeof(ws.why), fmt, ap);
	va_end(ap);
}


static int add_token(struct lws *wsi, void *in, size_t len)
{
	char bearer[SETTING_MAX + 16];
	unsigned char **p = in, *end = *p + len;
	int n;

	if (!*ws.s->token)
		return 0;

	n = snprintf(bearer, sizeof(bearer), "Bearer %s", ws.s->token);

	return lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION,
					    (const unsigned char *)bearer, n,
					    p, end);
}


static void connection_error(struct lws *wsi, const char *in, size_t len)
{
	unsigned code = lws_http_client_http_response(wsi);

	ws.fatal = code >= 400 && code < 500;
	if (code == 401)
		set_why("it requires %s token; see --token-file",
			*ws.s->token ? "another" : "a");
	else if (code >= 300)
		set_why("it answered %u", code);
	else
		set_why("%.*s", in ? (int)len : 13, in ? in : "no connection");
}


static void closed_by_peer(const unsigned char *in, size_t len)
{
	ws.fatal = len >= 2 && (in[0] << 8 | in[1]) == CLOSE_AUTH;
	if (len >= 2)
		set_why("it closed the connection with %d%s%.*s",
			in[0] << 8 | in[1], len > 2 ? ": " : "", (int)len - 2,
			in + 2);
}


static int write_text(struct lws *wsi)
{
	size_t len = strlen(ws.r->send);
	unsigned char *buf = malloc(LWS_PRE + len);
	int n = -1;

	if (buf) {
		memcpy(buf + LWS_PRE, ws.r->send, len);
		n = lws_write(wsi, buf + LWS_PRE, len, LWS_WRITE_TEXT);
	}
	free(buf);
	ws.sent = n >= 0;
	ws.done = ws.sent && !ws.r->h;

	return n < 0 || ws.done ? -1 : 0;
}


static int take(struct lws *wsi, const char *text)
{
	cJSON *message = cJSON_Parse(text);
	int64_t seq = field_int(message, "seq", -1);

	if (seq > ws.seq)
		ws.seq = seq;

	if (!strcmp(json_text(message, "type"), "hello")) {
		ws.open = true;
		if (ws.r->send && !ws.sent)
			(void)lws_callback_on_writable(wsi);
	}
	if (message && ws.r->h && !ws.done)
		ws.done = ws.r->h(message, ws.r->arg);
	cJSON_Delete(message);

	return ws.done ? -1 : 0;
}


static int receive(struct lws *wsi, const void *in, size_t len)
{
	char *text;
	int err = 0;

	if (ws.len + len > MESSAGE_SIZE_MAX)
		return -1;

	text = realloc(ws.text, ws.len + len + 1);
	if (!text)
		return -1;

	ws.text = text;
	memcpy(text + ws.len, in, len);
	ws.len += len;
	text[ws.len] = '\0';

	if (lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi)) {
		ws.len = 0;
		err = take(wsi, text);
	}

	return err;
}


static int callback(struct lws *wsi, enum lws_callback_reasons reason,
		    void *user, void *in, size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return add_token(wsi, in, len);

	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		connection_error(wsi, in, len);
		ws.wsi = NULL;
		return 0;

	case LWS_CALLBACK_CLIENT_RECEIVE: return receive(wsi, in, len);

	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return ws.r->send && !ws.sent ? write_text(wsi) : 0;

	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		closed_by_peer(in, len);
		return 0;

	case LWS_CALLBACK_CLIENT_CLOSED: ws.wsi = NULL; return 0;

	default: return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}


static const struct lws_protocols protocols[] = {
	{"referd.v1", callback, 0, RX_SIZE, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

static const lws_retry_bo_t idle_policy = {
	.secs_since_valid_ping = PING_TIME,
	.secs_since_valid_hangup = HANGUP_TIME,
};


static struct lws_context *make_context(const struct settings *s)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.retry_and_idle_policy = &idle_policy,
		.connect_timeout_secs = CONNECT_TIME,
		.client_ssl_ca_filepath = *s->ca ? s->ca : NULL,
	};

	/* Errors are printed in our own sentences */
	lws_set_log_level(0, NULL);
	(void)unsetenv("http_proxy");

	return lws_create_context(&info);
}


static void connect_once(struct lws_context *ctx)
{
	char path[SETTING_MAX + SEQ_SIZE], host[SETTING_MAX + 8];
	struct lws_client_connect_info info = {
		.context = ctx,
		.address = ws.s->host,
		.port = ws.s->port,
		.path = path,
		.host = host,
		.ssl_connection = ws.s->tls ? LCCSCF_USE_SSL : 0,
		.protocol = protocols[0].name,
		.local_protocol_name = protocols[0].name,
		.pwsi = &ws.wsi,
	};

	(void)snprintf(path, sizeof(path), "%s/ws", ws.s->path);
	if (ws.seq >= 0)
		(void)snprintf(path + strlen(path), SEQ_SIZE,
			       "?%ssince=%" PRId64,
			       ws.r->fleet ? "scope=fleet&" : "", ws.seq);
	(void)snprintf(host, sizeof(host), "%s:%d", ws.s->host, ws.s->port);

	ws.len = 0;
	ws.open = false;
	set_why("it closed the connection");
	(void)lws_client_connect_via_info(&info);
	while (ws.wsi && lws_service(ctx, 0) >= 0)
		;
}


static void connect_until_done(struct lws_context *ctx)
{
	time_t seen = time(NULL);

	for (;;) {
		connect_once(ctx);
		if (ws.done || ws.fatal || !ws.r->patience)
			return;

		if (ws.open) {
			seen = time(NULL);
			(void)say_error(STATUS_ERROR,
					"lost referd at %s (%s); trying again",
					ws.s->url, ws.why);
		}
		if (time(NULL) - seen > (time_t)ws.r->patience)
			return;

		(void)nanosleep(&pause_time, NULL);
	}
}


/**
 * Connect, and take messages until the handler has enough.  Prints its errors.
 *
 * @param s Settings of the connection
 * @param r Request and handler
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status ws_run(const struct settings *s, const struct ws_request *r)
{
	struct lws_context *ctx = make_context(s);

	if (!ctx)
		return say_error(STATUS_ERROR, "out of memory");

	memset(&ws, 0, sizeof(ws));
	ws.s = s;
	ws.r = r;
	ws.seq = r->since;

	connect_until_done(ctx);
	lws_context_destroy(ctx);
	free(ws.text);

	return ws.done ? STATUS_DONE
		       : say_error(STATUS_ERROR,
				   "no connection to referd at %s: %s", s->url,
				   ws.why);
}

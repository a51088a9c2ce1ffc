/**
 * @file http.c  HTTP for curl and scripts
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "calls/calls.h"
#include "endpoint.h"
#include "export.h"
#include "fleet/fleet.h"
#include "access.h"
#include "http.h"
#include "json.h"
#include "net/net.h"
#include "nodes/nodes.h"
#include "past.h"
#include "response.h"
#include "scope.h"
#include "server.h"
#include "store/store.h"
#include "stream/stream.h"


/* Seconds that a node may take to answer */
static const double node_time = 15.;

static const char prefix[] = "http-";

enum { SPACES_MAX = 32 }; /* that may stand around a header */

struct request {
	struct lws *wsi;
	char name[24]; /* what it is called as a sender */
	char path[256];
	bool post;
	char *origin;           /* of a page from elsewhere, NULL for none */
	char trace[TRACE_SIZE]; /* "" for none */
	enum role role;         /* of its token */
	bool asked;         /* the body is complete, and somebody sees to it */
	struct timer limit; /* of the wait for a node's answer */
	struct job *job;    /* into the past, that the answer comes from */
	struct response response;
	char file[96];         /* name of the one that it gets */
	struct export *export; /* that may be at another member, or NULL */
	uint64_t turn;         /* that must be kept before it is sent */
	bool held;             /* it waits for that */
	char *body;
	size_t len;
};

static struct table *requests; /* by name */
static unsigned last;
static bool some_held;


/* How referd is, is told whatever the disk does */
static bool tells_state(const struct request *r)
{
	return !strcmp(r->path, "/healthz") || !strcmp(r->path, "/metrics");
}


static void reply_take(struct request *r, int status, const char *type,
		       char *text)
{
	struct response *re = &r->response;

	if (re->status) {
		free(text);
		return;
	}

	re->status = text ? status : 500;
	re->type = type;
	re->text = text;
	re->len = text ? strlen(text) : 0;
	r->turn = tells_state(r) ? 0 : store_turn();
	(void)lws_callback_on_writable(r->wsi);
}


/* What another member of the fleet has sent of a transfer */
static void take_packets(struct request *r, const char *body)
{
	struct export *x = r->export;
	struct past_file file = {.p = NULL};
	struct error error;

	r->export = NULL;
	error_init(&error);
	export_make(&file, x, body, &error);
	export_free(x);
	http_answer_file(r->name, &file, &error);
}


static void reply_handler(const char *name, int status, const char *body)
{
	struct request *r = table_get(requests, name);

	if (r && r->export && status == 200 && body)
		take_packets(r, body);
	else if (r)
		reply_take(r, status, "application/json",
			   body ? strdup(body) : NULL);
}


int http_init(void)
{
	reply_http(reply_handler);

	return table_create(&requests);
}


static bool end_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;

	(void)http_end(value);

	return false;
}


void http_close(void)
{
	/* whose connections have ended with all others, without a word */
	table_each(requests, end_handler, NULL);
	table_destroy(requests);
	requests = NULL;
}


size_t http_count(void)
{
	return table_count(requests);
}


static void reply_refusal(struct request *r, int status, const char *error,
			  const char *field)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "error", error);
	json_str(&j, "field", *field ? field : NULL);
	json_close(&j, '}');
	reply_take(r, status, "application/json", json_take(&j));
}


static void answer(struct request *r, const char *type, char *text,
		   const struct error *error)
{
	if (text || !*error->text)
		reply_take(r, 200, type, text);
	else
		reply_refusal(r, error->status, error->text, error->field);
}


/* A call of another member of the fleet, which answers then */
static bool get_elsewhere(struct request *r)
{
	static const char calls[] = "/calls/";
	const size_t len = sizeof(calls) - 1;

	if (strncmp(r->path, calls, len) || !r->path[len] ||
	    strlen(r->path + len) > CALL_SID_MAX ||
	    strchr(r->path + len, '/') || fleet_get(r->name, r->path + len))
		return false;

	timer_start(&r->limit, node_time);

	return true;
}


/* Of the fleet, and not of this referd alone */
static void note_export(struct request *r)
{
	struct scope_wish wish;
	struct error error;

	error_init(&error);
	if (!scope_read(&wish, r->wsi, &error) && wish.scope == SCOPE_FLEET)
		(void)export_read(&r->export, r->path, r->wsi, &error);
}


/* A transfer of another member of the fleet, which answers then */
static bool packets_elsewhere(struct request *r, const struct error *error)
{
	if (!r->export || error->status != 404 ||
	    fleet_capture(r->name, export_id(r->export)))
		return false;

	timer_start(&r->limit, node_time);

	return true;
}


static void get(struct request *r)
{
	const char *type = NULL;
	struct error error;
	char *text = NULL;
	int err;

	error_init(&error);
	note_export(r);
	err = endpoint_look(&r->job, r->name, r->wsi, r->path, &error);
	if (!err && r->job)
		return;

	if (!err)
		text = endpoint_get(r->wsi, r->path, &type, &error);
	if (!text && error.status == 404 && get_elsewhere(r))
		return;

	answer(r, type, text, &error);
}


/* /calls/{sid}/verbs */
static bool path_call(const struct request *r, char sid[CALL_SID_MAX + 1])
{
	const char *p = r->path + 7;
	size_t n = strcspn(p, "/");

	if (strncmp(r->path, "/calls/", 7) || n > CALL_SID_MAX ||
	    strcmp(p + n, "/verbs"))
		return false;

	memcpy(sid, p, n);
	sid[n] = '\0';

	return true;
}


static bool is_postable(const struct request *r)
{
	char sid[CALL_SID_MAX + 1];

	return !strcmp(r->path, "/calls") || path_call(r, sid);
}


static void limit_handler(void *arg)
{
	reply_refusal(
		arg, 504,
		"baresip has not answered; it may still carry out the request",
		"");
}


static void post(struct request *r)
{
	struct sender sender = {.kind = SENDER_HTTP,
				.name = r->name,
				.trace = *r->trace ? r->trace : NULL};
	char sid[CALL_SID_MAX + 1], empty[] = "";
	char *body = r->body ? r->body : empty;

	if (path_call(r, sid))
		command_verbs(&sender, sid, body, r->len);
	else
		command_dial(&sender, body, r->len);

	if (!r->response.status)
		timer_start(&r->limit, node_time);
}


/* Without a token, a client may only see that referd is running */
static bool is_allowed(struct request *r)
{
	if (!watchdog_asks(r->wsi))
		reply_refusal(r, 429, "Too many requests; wait a second", "");
	else if (r->response.preflight)
		reply_take(r, 200, "text/plain", strdup(""));
	else if (r->role == ROLE_NONE && !r->post &&
		 !strcmp(r->path, "/healthz"))
		reply_take(r, 200, "application/json",
			   strdup(store_trouble() || fleetstore_trouble()
					  ? "{\"status\":\"degraded\"}"
					  : "{\"status\":\"ok\"}"));
	else if (r->role == ROLE_NONE)
		reply_refusal(r, 401,
			      "A known token is required, as in "
			      "Authorization: Bearer TOKEN",
			      "");
	else if (r->role == ROLE_OBSERVER && r->post)
		reply_refusal(r, 403, "The role observer cannot send commands",
			      "");

	return !r->response.status;
}


/* A header without the spaces around it (RFC 9110 section 5.5), NULL if it is
   missing or too long */
static const char *read_header(const struct request *r, const char *name,
			       char *text, int size)
{
	static const char spaces[] = " \t";
	size_t len;

	if (lws_hdr_custom_copy(r->wsi, text, size, name, (int)strlen(name)) <
	    0)
		return NULL;

	text += strspn(text, spaces);
	len = strlen(text);
	while (len && strchr(spaces, text[len - 1]))
		--len;
	text[len] = '\0';

	return text;
}


/* A wrong one is as none (W3C Trace Context section 3.2.2) */
static void read_trace(struct request *r)
{
	char parent[TRACEPARENT_MAX + SPACES_MAX];
	char state[TRACESTATE_MAX + SPACES_MAX];

	trace_join(r->trace,
		   read_header(r, "traceparent:", parent, sizeof(parent)),
		   read_header(r, "tracestate:", state, sizeof(state)));
}


/**
 * Begin a request
 *
 * @param rp   Pointer to the new request
 * @param wsi  Its connection
 * @param role Role of its token
 *
 * @return 0 if success, otherwise the connection is to be closed
 */
int http_begin(struct request **rp, struct lws *wsi, enum role role)
{
	struct request *r = calloc(1, sizeof(*r));
	char *uri;
	int len, method;

	if (!r)
		return -1;

	r->wsi = wsi;
	r->role = role;
	timer_init(&r->limit, limit_handler, r);
	(void)snprintf(r->name, sizeof(r->name), "%s%u", prefix, ++last);
	if (table_put(requests, r->name, r)) {
		free(r);
		return -1;
	}
	*rp = r;

	method = lws_http_get_uri_and_method(wsi, &uri, &len);
	(void)snprintf(r->path, sizeof(r->path), "%.*s", len, uri);
	r->post = method == LWSHUMETH_POST;
	read_trace(r);
	r->response.head = method == LWSHUMETH_HEAD;
	r->origin = access_origin(wsi);
	r->response.origin = r->origin;
	r->response.preflight = method == LWSHUMETH_OPTIONS && r->origin;

	if (!is_allowed(r))
		return 0;

	if (method == LWSHUMETH_GET || r->response.head)
		get(r);
	else if (!r->post || !is_postable(r))
		reply_refusal(
			r, 405,
			"This path does not support the method of the request",
			"");
	else if (!lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH))
		reply_refusal(r, 411, "Content-Length is required", "");

	return 0;
}


/**
 * Take a piece of the body
 *
 * @param r   Request
 * @param in  The piece
 * @param len Its length in bytes
 *
 * @return 0 if success, otherwise the connection is to be closed
 */
int http_body(struct request *r, const void *in, size_t len)
{
	char *body;

	if (!r)
		return -1;

	if (r->response.status || !len)
		return 0;

	if (r->len + len > MESSAGE_MAX) {
		reply_refusal(r, 413,
			      "A message must have at most 65536 bytes", "");
		return 0;
	}

	body = realloc(r->body, r->len + len + 1);
	if (!body)
		return -1;

	r->body = body;
	memcpy(r->body + r->len, in, len);
	r->len += len;

	return 0;
}


/**
 * Carry out a complete request
 *
 * @param r Request
 *
 * @return 0 if success, otherwise the connection is to be closed
 */
int http_body_done(struct request *r)
{
	if (!r)
		return -1;

	if (!r->response.status && !r->asked) {
		r->asked = true;
		post(r);
	}

	return 0;
}


/**
 * Tell whether a request has a reply
 *
 * @param r Request
 *
 * @return True if it can be sent
 */
bool http_answers(struct request *r)
{
	r->held = r->response.status && r->turn > store_kept();
	some_held |= r->held;

	return r->response.status && !r->held;
}


static bool release_handler(const char *key, void *value, void *arg)
{
	struct request *r = value;
	(void)key;
	(void)arg;

	if (r->held && r->turn > store_kept()) {
		some_held = true;
		return false;
	}

	if (r->held)
		(void)lws_callback_on_writable(r->wsi);
	r->held = false;

	return false;
}


void http_flush(void)
{
	if (!some_held)
		return;

	some_held = false;
	table_each(requests, release_handler, NULL);
}


/**
 * Send the reply of a request, if it has one.  All that it acknowledges must
 * be on disk.
 *
 * @param r Request
 *
 * @return 0 if success, otherwise the connection is to be closed
 */
int http_writable(struct request *r)
{
	return http_answers(r) ? response_write(&r->response, r->wsi) : 0;
}


/**
 * Free a request
 *
 * @param r Request, may be NULL
 *
 * @return NULL
 */
struct request *http_end(struct request *r)
{
	if (!r)
		return NULL;

	(void)table_take(requests, r->name);
	reader_cancel(r->job);
	timer_stop(&r->limit);
	export_free(r->export);
	free(r->origin);
	free(r->response.text);
	free(r->body);
	free(r);

	return NULL;
}


/**
 * Answer a request with a text from the store
 *
 * @param name  Name of the request, which may have ended
 * @param text  JSON text, which is taken; NULL if there is an error, or out of
 *              memory
 * @param error Set if there is an error
 */
void http_answer(const char *name, char *text, const struct error *error)
{
	struct request *r = table_get(requests, name);

	if (!r) {
		free(text);
		return;
	}

	r->job = NULL;
	answer(r, "application/json", text, error);
}


/**
 * Answer a request by a file
 *
 * @param name  Name of the request, which may have ended
 * @param file  What was made, taken
 * @param error Why there is nothing, if it says something
 */
void http_answer_file(const char *name, struct past_file *file,
		      const struct error *error)
{
	struct request *r = table_get(requests, name);

	if (r)
		r->job = NULL;
	if (r && !file->p && packets_elsewhere(r, error))
		return;
	if (!r || !file->p) {
		http_answer(name, file->p, error);
		return;
	}

	if (r->response.status) {
		free(file->p);
		return;
	}

	(void)snprintf(r->file, sizeof(r->file), "%s", file->name);
	r->turn = store_turn();
	r->response.status = 200;
	r->response.type = file->type;
	r->response.text = file->p;
	r->response.len = file->len;
	r->response.file = r->file;
	r->turn = store_turn();
	(void)lws_callback_on_writable(r->wsi);
}

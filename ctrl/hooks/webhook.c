/**
 * @file webhook.c  One HTTP request for a hook
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include "base/base.h"
#include "hooks.h"
#include "httploop.h"
#include "json.h"
#include "net/net.h"
#include "signature.h"
#include "slots.h"
#include "store/store.h"
#include "stream/stream.h"


enum {
	HOST_SIZE = 512,
	CONNECT_TIME = 5, /* seconds */
	WHOLE_TIME = 10,
};

struct webhook {
	CURL *easy;
	struct slot slot;
	bool added;                   /* libcurl has it */
	uint64_t turn;                /* that must be kept before it is sent */
	struct webhook *next, **link; /* of those that wait for that */
	struct curl_slist *headers;
	char *url;  /* with the query of a GET */
	char *data; /* that is sent */
	char *body; /* that came */
	size_t len;
	bool closed; /* it would go where hooks may not go */
	webhook_h *h;
	void *arg;
	char error[CURL_ERROR_SIZE];
};

static struct webhook *held, **held_tail = &held;


static void hold(struct webhook *w)
{
	w->next = NULL;
	w->link = held_tail;
	*w->link = w;
	held_tail = &w->next;
}


static void let_go(struct webhook *w)
{
	if (!w->link)
		return;

	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	else
		held_tail = w->link;
	w->link = NULL;
}


static void destroy(struct webhook *w)
{
	let_go(w);
	if (w->added)
		httploop_remove(w->easy);
	if (w->easy)
		curl_easy_cleanup(w->easy);
	curl_slist_free_all(w->headers);
	free(w->url);
	free(w->data);
	free(w->body);
	slot_leave(&w->slot);
	free(w);
}


static void done(struct webhook *w, CURLcode result)
{
	webhook_h *h = w->h;
	void *arg = w->arg;
	long status = 0;

	(void)curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
	if (result != CURLE_OK)
		status = 0;

	if (w->added)
		httploop_remove(w->easy);
	w->added = false;
	h(status,
	  w->closed   ? "the host has an address that is closed to hooks"
	  : *w->error ? w->error
		      : curl_easy_strerror(result),
	  w->body ? w->body : "", w->len, arg);
	destroy(w);
}


static void done_handler(CURL *easy, CURLcode result)
{
	struct webhook *w = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &w);
	done(w, result);
}


static size_t body_handler(char *p, size_t size, size_t n, void *arg)
{
	struct webhook *w = arg;
	size_t len = size * n;
	char *body;

	if (w->len + len > MESSAGE_MAX)
		return 0;

	body = realloc(w->body, w->len + len + 1);
	if (!body)
		return 0;

	w->body = body;
	memcpy(w->body + w->len, p, len);
	w->len += len;

	return len;
}


int webhooks_init(const char *secret_file)
{
	if (*secret_file && signature_read(secret_file))
		return ENOENT;

	return httploop_init(SLOTS_MAX, done_handler);
}


void webhooks_close(void)
{
	httploop_close();
	signature_forget();
}


static int add_header(struct webhook *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));


static int add_header(struct webhook *w, const char *fmt, ...)
{
	struct curl_slist *list;
	char line[TRACESTATE_MAX + 32];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);

	list = curl_slist_append(w->headers, line);
	if (!list)
		return ENOMEM;

	w->headers = list;

	return 0;
}


static int add_trace(struct webhook *w, const char *trace)
{
	const char *state = trace_state(trace);
	int err = add_header(w, "traceparent: %.*s", (int)trace_parent(trace),
			     trace);

	return err || !state ? err : add_header(w, "tracestate: %s", state);
}


/* name=value&..., of the members that are no objects */
static char *make_query(CURL *easy, const char *data)
{
	cJSON *tree = cJSON_Parse(data);
	char *query = NULL;
	const cJSON *item;
	size_t size;
	FILE *f = open_memstream(&query, &size);

	if (!f)
		goto out;

	cJSON_ArrayForEach(item, tree)
	{
		char *text = cJSON_IsString(item)
				     ? strdup(item->valuestring)
				     : cJSON_PrintUnformatted(item);
		char *value = text ? curl_easy_escape(easy, text, 0) : NULL;

		if (value && !cJSON_IsObject(item))
			(void)fprintf(f, "%s%s=%s",
				      item == tree->child ? "" : "&",
				      item->string, value);
		curl_free(value);
		free(text);
	}

	if (fclose(f)) {
		free(query);
		query = NULL;
	}

out:
	cJSON_Delete(tree);

	return query;
}


/* A GET has the data in its query, any other method in its body */
static int set_data(struct webhook *w, const struct webhook_request *r)
{
	CURL *e = w->easy;

	if (strcasecmp(r->method, "GET")) {
		w->url = strdup(r->url);
		w->data = strdup(r->data);
		if (!w->url || !w->data)
			return ENOMEM;

		(void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, w->data);
		return add_header(w, "Content-Type: application/json");
	}

	w->data = make_query(e, r->data);
	if (!w->data || asprintf(&w->url, "%s%c%s", r->url,
				 strchr(r->url, '?') ? '&' : '?', w->data) < 0)
		return ENOMEM;

	return 0;
}


static int add_signature(struct webhook *w)
{
	char text[SIGNATURE_SIZE];
	int err = signature_make(text, w->data);

	return err || !*text ? err
			     : add_header(w, "Jambonz-Signature: %s", text);
}


/* The address that is really used, whatever the name stood for before */
static curl_socket_t open_handler(void *arg, curlsocktype purpose,
				  struct curl_sockaddr *a)
{
	struct webhook *w = arg;
	(void)purpose;

	if (address_allowed(&a->addr))
		return descriptor_move(socket(
			a->family, a->socktype | SOCK_CLOEXEC, a->protocol));

	w->closed = true;

	return CURL_SOCKET_BAD;
}


/* A thread of libcurl that still resolves a name after the time limit is
   detached, and frees its memory itself; otherwise the loop would wait for it
   */
static void forget_lookup(CURL *e)
{
#if CURL_AT_LEAST_VERSION(7, 87, 0)
	(void)curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#else
	(void)e;
#endif
}


static void set_options(struct webhook *w, const struct webhook_request *r)
{
	CURL *e = w->easy;

	forget_lookup(e);
	(void)curl_easy_setopt(e, CURLOPT_PRIVATE, w);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, w->error);
	(void)curl_easy_setopt(e, CURLOPT_URL, w->url);
	(void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, w->headers);
	(void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(e, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_handler);
	(void)curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, w);
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIME);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)WHOLE_TIME);
	(void)curl_easy_setopt(e, CURLOPT_USERAGENT,
			       "referd/" PROJECT_VERSION);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_handler);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, w);

	if (r->username) {
		(void)curl_easy_setopt(e, CURLOPT_HTTPAUTH,
				       (long)CURLAUTH_BASIC);
		(void)curl_easy_setopt(e, CURLOPT_USERNAME, r->username);
		(void)curl_easy_setopt(e, CURLOPT_PASSWORD,
				       r->password ? r->password : "");
	}
}


static int begin(struct webhook *w)
{
	int err;

	if (w->turn > store_kept()) {
		hold(w);
		return 0;
	}

	err = httploop_add(w->easy);

	w->added = !err;

	return err;
}


static void slot_handler(void *arg)
{
	struct webhook *w = arg;

	if (begin(w))
		done(w, CURLE_OUT_OF_MEMORY);
}


void webhooks_flush(void)
{
	struct webhook *w;

	while ((w = held) && w->turn <= store_kept()) {
		let_go(w);
		if (begin(w))
			done(w, CURLE_OUT_OF_MEMORY);
	}
}


/* Key of name and port in the URL, without the credentials */
static int take_slot(struct webhook *w)
{
	char host[HOST_SIZE], *p;

	webhook_public_url(host, sizeof(host), w->url);
	p = strstr(host, "://");
	if (p)
		p[3 + strcspn(p + 3, "/?#")] = '\0';

	return slot_take(&w->slot, host, slot_handler, w);
}


int webhook_send(struct webhook **wp, const struct webhook_request *r,
		 webhook_h *h, void *arg)
{
	struct webhook *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return ENOMEM;

	w->h = h;
	w->arg = arg;
	w->turn = store_turn();
	w->easy = curl_easy_init();
	err = w->easy ? set_data(w, r) : ENOMEM;
	if (!err)
		err = add_header(w, "X-Referd-Delivery: %s", r->id);
	if (!err && r->trace)
		err = add_trace(w, r->trace);
	if (!err)
		err = add_header(w, "Expect:");
	if (!err)
		err = add_signature(w);
	if (err)
		goto out;

	set_options(w, r);
	err = take_slot(w);
	if (!err)
		err = begin(w);
	if (err == EAGAIN)
		err = 0;
	if (!err)
		*wp = w;

out:
	if (err)
		destroy(w);

	return err;
}


void webhook_cancel(struct webhook *w)
{
	if (w)
		destroy(w);
}


void webhook_public_url(char *text, size_t size, const char *url)
{
	const char *host = strstr(url, "://");
	size_t len = host ? strcspn(host + 3, "/?#") : 0;
	const char *at = NULL;

	for (size_t i = 0; i < len; i++) {
		if (host[3 + i] == '@')
			at = host + 3 + i;
	}

	if (at)
		(void)snprintf(text, size, "%.*s%s", (int)(host + 3 - url),
			       url, at + 1);
	else
		(void)snprintf(text, size, "%s", url);
}

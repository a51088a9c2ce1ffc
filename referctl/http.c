/**
 * @file http.c  One HTTP request to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>
#include "http.h"


enum {
	CONNECT_TIME = 5, /* seconds */
	WHOLE_TIME = 30,
	REPLY_MAX = 256 << 20,
};

struct reply {
	char *text;
	size_t len;
};


static size_t body_handler(char *p, size_t size, size_t n, void *arg)
{
	struct reply *r = arg;
	size_t len = size * n;
	char *text;

	if (r->len + len > REPLY_MAX)
		return 0;

	text = realloc(r->text, r->len + len + 1);
	if (!text)
		return 0;

	r->text = text;
	memcpy(text + r->len, p, len);
	r->len += len;
	text[r->len] = '\0';

	return len;
}


static struct curl_slist *make_headers(const struct settings *s, bool post)
{
	char line[SETTING_MAX + 32];
	struct curl_slist *list = NULL;

	if (*s->token) {
		(void)snprintf(line, sizeof(line), "Authorization: Bearer %s",
			       s->token);
		list = curl_slist_append(list, line);
	}
	if (post)
		list = curl_slist_append(list,
					 "Content-Type: application/json");

	return list;
}


static void set_options(CURL *e, const struct settings *s, const char *url,
			const char *body, struct reply *r)
{
	(void)curl_easy_setopt(e, CURLOPT_URL, url);
	(void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(e, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIME);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)WHOLE_TIME);
	(void)curl_easy_setopt(e, CURLOPT_USERAGENT,
			       "referctl/" PROJECT_VERSION);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_handler);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
	if (*s->ca)
		(void)curl_easy_setopt(e, CURLOPT_CAINFO, s->ca);
	if (body)
		(void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, body);
}


/**
 * Say that referd wants a token, or another one
 *
 * @param s Settings of the connection
 *
 * @return Exit status
 */
enum status http_no_token(const struct settings *s)
{
	return say_error(STATUS_ERROR,
			 "referd at %s requires %s token; see --token-file",
			 s->url, *s->token ? "another" : "a");
}


/* The error of referd is passed on; that of a proxy may be anything */
static enum status refused(const struct settings *s, long code,
			   const cJSON *tree)
{
	const char *error = cJSON_GetStringValue(
		cJSON_GetObjectItem(tree, "error"));

	if (code == 401)
		return http_no_token(s);
	if (error)
		return say_error(STATUS_ERROR, "%s", error);

	return say_error(STATUS_ERROR,
			 "%s answered %ld, which is not an answer of referd",
			 s->url, code);
}


/* The reply, which may be none of 2xx */
static enum status perform(struct reply *reply, long *codep,
			   const struct settings *s, const char *path,
			   const char *body)
{
	char url[URL_MAX + SETTING_MAX], wrong[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = make_headers(s, body != NULL);
	CURL *e = curl_easy_init();
	enum status status = STATUS_DONE;
	CURLcode result;

	if (!e) {
		status = say_error(STATUS_ERROR, "out of memory");
		goto out;
	}

	(void)snprintf(url, sizeof(url), "%s://%s:%d%s%s",
		       s->tls ? "https" : "http", s->host, s->port, s->path,
		       path);
	set_options(e, s, url, body, reply);
	(void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, wrong);

	result = curl_easy_perform(e);
	if (result)
		status = say_error(
			STATUS_ERROR, "cannot reach referd at %s: %s", s->url,
			*wrong ? wrong : curl_easy_strerror(result));
	else
		(void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, codep);

out:
	curl_easy_cleanup(e);
	curl_slist_free_all(headers);

	return status;
}


static bool is_success(long code)
{
	return code >= 200 && code <= 299;
}


/* quiet: a refusal of referd is not printed */
static enum status request(cJSON **treep, const struct settings *s,
			   const char *path, const char *body, bool quiet)
{
	struct reply reply = {0};
	cJSON *tree = NULL;
	long code = 0;
	enum status status = perform(&reply, &code, s, path, body);

	if (!status) {
		tree = reply.text ? cJSON_Parse(reply.text) : NULL;
		if (!is_success(code) || !tree)
			status = quiet ? STATUS_ERROR : refused(s, code, tree);
	}

	if (status)
		cJSON_Delete(tree);
	else
		*treep = tree;
	free(reply.text);

	return status;
}


/**
 * Get a file.  Prints its errors.
 *
 * @param bytesp Its bytes, to be freed
 * @param lenp   How many they are
 * @param s      Settings of the connection
 * @param path   Path, with its query
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status http_get_file(char **bytesp, size_t *lenp,
			  const struct settings *s, const char *path)
{
	struct reply reply = {0};
	long code = 0;
	enum status status = perform(&reply, &code, s, path, NULL);

	if (!status && (!is_success(code) || !reply.text)) {
		cJSON *tree = reply.text ? cJSON_Parse(reply.text) : NULL;

		status = refused(s, code, tree);
		cJSON_Delete(tree);
	}
	if (status) {
		free(reply.text);
		return status;
	}

	*bytesp = reply.text;
	*lenp = reply.len;

	return STATUS_DONE;
}


/**
 * Send a GET request.  Prints its errors.
 *
 * @param treep Answer, to be deleted
 * @param s     Settings of the connection
 * @param path  Path, with its query
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status http_get(cJSON **treep, const struct settings *s, const char *path)
{
	return request(treep, s, path, NULL, false);
}


/**
 * Get a resource that may not exist.  Prints its errors, except that.
 *
 * @param treep Answer of referd, to be deleted
 * @param s     Settings of the connection
 * @param path  Path, with a query
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status http_try(cJSON **treep, const struct settings *s, const char *path)
{
	return request(treep, s, path, NULL, true);
}


/**
 * Send a POST request.  Prints its errors.
 *
 * @param treep Answer, to be deleted
 * @param s     Settings of the connection
 * @param path  Path
 * @param body  Body
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status http_post(cJSON **treep, const struct settings *s,
		      const char *path, const cJSON *body)
{
	char *text = cJSON_PrintUnformatted(body);
	enum status status = text ? request(treep, s, path, text, false)
				  : say_error(STATUS_ERROR, "out of memory");

	cJSON_free(text);

	return status;
}


/**
 * Escape a text for a path or a query
 *
 * @param text Text
 *
 * @return The escaped text, to be freed by curl_free(); NULL if out of memory
 */
char *http_escape(const char *text)
{
	return curl_easy_escape(NULL, text, 0);
}

/**
 * @file log.c  Lines to stderr, or to the log of the host process
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base.h"
#include "textcheck.h"


enum { LINE_MAX_LEN = 1024, HELD_SIZE = 16384 };

static const char *const names[] = {"error", "warning", "info", "debug"};
static enum log_level threshold = LOG_INFO;
static log_h *sink; /* NULL for stderr */

/* Lines that wait until the loop has time to write them.  Other threads only
   add lines: baresip's log accepts lines from one thread only. */
static struct {
	bool hold;
	pthread_t home; /* the loop's thread, while lines are held */
	size_t len;
	char text[HELD_SIZE];
} held;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;


void log_level_set(enum log_level level)
{
	threshold = level;
}


int log_level_parse(enum log_level *levelp, const char *name)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(name, names[i]))
			continue;

		*levelp = (enum log_level)i;
		return 0;
	}

	return EINVAL;
}


/* A character that must not be in a line is overwritten, so that the line
   keeps its length */
static void hide(char *p, size_t len)
{
	memset(p, '*', len);
}


/* Finds the string after a key of JSON, up to its quote or the end of the line
 */
static void hide_member(char *line, const char *key)
{
	for (char *p = line; (p = strstr(p, key));) {
		char *end;

		p += strlen(key);
		p += strspn(p, " \t:");
		if (*p != '"')
			continue;

		for (end = ++p; *end && *end != '"'; end++) {
			if (*end == '\\' && end[1])
				++end;
		}
		hide(p, (size_t)(end - p));
	}
}


static void hide_word(char *line, const char *before)
{
	for (char *p = line; (p = strstr(p, before));) {
		p += strlen(before);
		hide(p, strcspn(p, " \"&#"));
	}
}


/* The name and password in a URL */
static void hide_user(char *line)
{
	for (char *p = line; (p = strstr(p, "://"));) {
		char *end;

		p += strlen("://");
		end = p + strcspn(p, "/?# \"");
		while (end > p && *end != '@')
			--end;
		hide(p, (size_t)(end - p));
	}
}


static void hide_secrets(char *line)
{
	hide_member(line, "\"password\"");
	hide_member(line, "\"token\"");
	hide_word(line, "access_token=");
	hide_word(line, "Bearer ");
	hide_user(line);
}


/* Length of a control character, or of one that changes the direction of the
   text or ends the line; 0 for another character.  All of them have at most
   three bytes of UTF-8. */
static size_t harmful(const unsigned char *p)
{
	if (*p < 0x20 || *p == 0x7f)
		return 1;

	/* U+0080 to U+009F */
	if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
		return 2;

	/* U+061C */
	if (*p == 0xd8 && p[1] == 0x9c)
		return 2;

	/* U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF */
	if (*p == 0xe2 && p[1] == 0x80 &&
	    ((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae)))
		return 3;
	if (*p == 0xe2 && p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf)
		return 3;
	if (*p == 0xef && p[1] == 0xbb && p[2] == 0xbf)
		return 3;

	return 0;
}


void log_clean(char *line)
{
	utf8_repair(line, strlen(line));
	hide_secrets(line);

	for (char *p = line; *p; p++) {
		size_t len = harmful((unsigned char *)p);

		if (len)
			memset(p, '?', len);
	}
}


/* Each begins with its level */
static void sink_lines(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		unsigned level = LOG_DEBUG;
		size_t len;

		while (level &&
		       strncmp(line, names[level], strlen(names[level])))
			--level;
		len = strlen(names[level]) + strlen(": ");
		if (strlen(line) > len)
			sink((enum log_level)level, line + len);
	}
}


/* The mutex is held */
static void flush(void)
{
	if (held.len && sink)
		sink_lines(held.text);
	else if (held.len)
		(void)fwrite(held.text, 1, held.len, stderr);
	held.len = 0;
}


void log_flush(void)
{
	(void)pthread_mutex_lock(&mutex);
	flush();
	(void)pthread_mutex_unlock(&mutex);
}


void log_hold(bool hold)
{
	(void)pthread_mutex_lock(&mutex);
	held.hold = hold;
	held.home = pthread_self();
	flush();
	(void)pthread_mutex_unlock(&mutex);
}


void log_to(log_h *h)
{
	(void)pthread_mutex_lock(&mutex);
	flush();
	sink = h;
	(void)pthread_mutex_unlock(&mutex);
}


bool log_waits(void)
{
	bool waits;

	(void)pthread_mutex_lock(&mutex);
	waits = held.len;
	(void)pthread_mutex_unlock(&mutex);

	return waits;
}


/* The mutex is held.  A line that does not fit, in a thread that cannot make
   room, is lost. */
static void add(enum log_level level, const char *line)
{
	const bool home = !held.hold ||
			  pthread_equal(held.home, pthread_self());
	const size_t size = strlen(names[level]) + strlen(line) +
			    sizeof(": \n");

	if (sizeof(held.text) - held.len < size) {
		if (!home)
			return;
		flush();
	}

	held.len += (size_t)snprintf(held.text + held.len,
				     sizeof(held.text) - held.len, "%s: %s\n",
				     names[level], line);
	if (home && (!held.hold || level <= LOG_WARNING))
		flush();
}


void log_print(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;

	if (level > threshold)
		return;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);

	log_clean(line);
	(void)pthread_mutex_lock(&mutex);
	add(level, line);
	(void)pthread_mutex_unlock(&mutex);
}

/**
 * @file clock.c  Time of day, and unique names
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "base.h"


int64_t clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


int64_t clock_steady_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


int64_t clock_parse(const char *text)
{
	struct tm tm = {0};
	int ms;

	if (!text ||
	    sscanf(text, "%d-%d-%dT%d:%d:%d.%3dZ", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms) != 7)
		return 0;

	tm.tm_year -= 1900;
	tm.tm_mon -= 1;

	return (int64_t)timegm(&tm) * 1000 + ms;
}


/* Reads the zone after a time of day: nothing or Z for UTC, or an offset.  In
   a query a + becomes a space. */
static int read_zone(int64_t *msp, const char *p)
{
	int hours, minutes, len = 0;

	if (!*p || !strcmp(p, "Z"))
		return 0;

	if (!strchr("+- ", *p) ||
	    sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &len) != 2 ||
	    len != 5 || p[6] || hours < 0 || minutes < 0)
		return EINVAL;

	*msp -= (*p == '-' ? -1 : 1) * (hours * 60 + minutes) * INT64_C(60000);

	return 0;
}


static const char *read_fraction(int64_t *msp, const char *p)
{
	int unit = 100;

	if (*p != '.')
		return p;

	for (++p; isdigit((unsigned char)*p); p++) {
		*msp += (*p - '0') * unit;
		unit /= 10;
	}

	return p;
}


int clock_read(int64_t *msp, const char *text)
{
	struct tm tm = {0};
	const char *p = strptime(text, "%Y-%m-%d", &tm);
	const char *q = p;
	int day;

	if (p && *p == 'T') {
		q = strptime(p, "T%H:%M:%S", &tm);
		if (!q)
			q = strptime(p, "T%H:%M", &tm);
	}

	if (!q || tm.tm_year < 70)
		return EINVAL;

	/* 30 February does not exist, but timegm() would return a day in March
	 */
	day = tm.tm_mday;
	*msp = (int64_t)timegm(&tm) * 1000;
	if (tm.tm_mday != day)
		return EINVAL;

	if (q == p)
		return *q ? EINVAL : 0;

	return read_zone(msp, read_fraction(msp, q));
}


/* The system is asked now and then for many: asking is what takes time */
static unsigned char random_byte(void)
{
	static unsigned char bytes[256];
	static size_t used = sizeof(bytes);

	if (used == sizeof(bytes)) {
		(void)getrandom(bytes, sizeof(bytes), 0);
		used = 0;
	}

	return bytes[used++];
}


void random_hex(char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i + 1 < size; i++)
		text[i] = digits[random_byte() & 15];

	text[size - 1] = '\0';
}


double random_unit(void)
{
	uint32_t bits = 0;

	(void)getrandom(&bits, sizeof(bits), 0);

	return (double)bits / 4294967296.;
}


void random_uuid(char text[UUID_SIZE])
{
	char hex[33];

	random_hex(hex, sizeof(hex));
	hex[12] = '4';
	hex[16] = "89ab"[hex[16] & 3];

	(void)snprintf(text, UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex,
		       hex + 8, hex + 12, hex + 16, hex + 20);
}

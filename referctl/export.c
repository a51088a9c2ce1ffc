/**
 * @file export.c  A transfer as a file
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <curl/curl.h>
#include "export.h"
#include "http.h"


static enum status write_file(const char *path, const char *p, size_t len)
{
	FILE *f = path ? fopen(path, "wb") : stdout;
	size_t n;

	if (!f)
		return say_error(STATUS_ERROR, "cannot write %s: %s", path,
				 strerror(errno));

	n = fwrite(p, 1, len, f);
	if ((path ? fclose(f) : fflush(f)) || n < len)
		return say_error(STATUS_ERROR, "cannot write %s: %s",
				 path ? path : "the output", strerror(errno));

	return STATUS_DONE;
}


static enum status make_path(char path[URL_MAX], const struct args *a,
			     bool pcapng)
{
	char *id = http_escape(a->operands[0]);
	const int n = id ? snprintf(path, URL_MAX, "/transfers/%s%s%s", id,
				    pcapng ? ".pcapng" : "",
				    args_has(a, "mask") ? "?mask=yes" : "")
			 : -1;

	curl_free(id);

	return n > 0 && n < URL_MAX
		       ? STATUS_DONE
		       : say_error(STATUS_USAGE, "ID is too long");
}


/**
 * Write a transfer to a file, or to standard output
 *
 * @param s Settings of the connection
 * @param a Arguments
 *
 * @return Exit status
 */
enum status export_transfer(const struct settings *s, const struct args *a)
{
	const char *format = args_value(a, "format");
	const char *file = args_value(a, "output");
	const bool pcapng = !format || !strcmp(format, "pcapng");
	char path[URL_MAX], *bytes;
	enum status status;
	size_t len;

	if (!pcapng && strcmp(format, "json"))
		return say_error(STATUS_USAGE,
				 "--format must be pcapng or json");
	if (!pcapng && args_has(a, "mask"))
		return say_error(STATUS_USAGE,
				 "--mask must be given with --format pcapng");
	if (pcapng && !file && isatty(STDOUT_FILENO))
		return say_error(STATUS_USAGE,
				 "-o FILE is required: a capture is not "
				 "written to a terminal");

	status = make_path(path, a, pcapng);
	if (!status)
		status = http_get_file(&bytes, &len, s, path);
	if (status)
		return status;

	status = write_file(file && strcmp(file, "-") ? file : NULL, bytes,
			    len);
	free(bytes);

	return status;
}

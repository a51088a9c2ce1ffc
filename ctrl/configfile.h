/**
 * @file configfile.h  A file of settings, one KEY = VALUE a line
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONFIGFILE_H
#define CONFIGFILE_H

#include <stddef.h>

/* What is wrong with a setting, as in "must be a path"; NULL if nothing is.
   Key and value live as long as the text that configfile_read() gives. */
typedef const char *(configfile_h)(const char *key, const char *value,
				   void *arg);

int configfile_read(char **textp, const char *path, configfile_h *h, void *arg,
		    char *fault, size_t size);

#endif

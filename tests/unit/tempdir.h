/**
 * @file tempdir.h  A directory for what a test leaves on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TEMPDIR_H
#define TEMPDIR_H

#include <stdio.h>
#include <stdlib.h>


static char dir[64];


/* Of this name in /tmp, and some letters */
static inline int dir_make(const char *name)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/%s-XXXXXX", name);

	return mkdtemp(dir) ? 0 : -1;
}


static inline int dir_remove(void)
{
	char cmd[128];

	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);

	return system(cmd);
}

#endif

/**
 * @file settings.h  The lines of baresip's config that are ours
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stddef.h>

int settings_open(void);
int settings_find(const char *name, char *value, size_t size);
void settings_close(void);

#endif

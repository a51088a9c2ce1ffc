/**
 * @file statedir.h  The directory of the state that survives a restart
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef STATEDIR_H
#define STATEDIR_H


int statedir_open(const char *dir);
int statedir_sync(const char *dir);
void statedir_close(void);

#endif

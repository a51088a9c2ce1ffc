/**
 * @file connection.h  The connection to referd's socket
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>

int connection_init(const char *path);
int connection_open(void);
bool connection_is_up(void);
void connection_flush(void);
void connection_hold(void);
void connection_resume(void);
void connection_drop(void);
void connection_close(void);

#endif

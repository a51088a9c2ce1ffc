/**
 * @file told.h  What referd has told, looked up in its store
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef UNIT_TOLD_H
#define UNIT_TOLD_H

void told_begin(void);
unsigned told(const char *client, const char *a, const char *b);
const char *told_msgid(const char *client, const char *a, const char *b);

#endif

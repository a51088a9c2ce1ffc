/**
 * @file signature.h  The signature of a hook
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SIGNATURE_H
#define SIGNATURE_H


enum { SIGNATURE_SIZE = 160 };

int signature_read(const char *path);
void signature_forget(void);
int signature_make(char text[SIGNATURE_SIZE], const char *sent);

#endif

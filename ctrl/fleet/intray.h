/**
 * @file intray.h  Messages of the stream that are not read yet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef INTRAY_H
#define INTRAY_H

#include <stddef.h>
#include <stdint.h>

void intray_open(void);
void intray_close(void);
void intray_clear(void);
int intray_add(uint64_t sseq, const char *subject, const char *data,
	       size_t len);
int intray_answer(const char *subject);
size_t intray_count(void);

#endif

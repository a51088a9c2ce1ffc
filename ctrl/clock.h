/**
 * @file clock.h  Time of day, and names that nobody has had before
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stddef.h>
#include <stdint.h>

enum {
	CLOCK_TEXT_SIZE = 32,
	UUID_SIZE = 37,
};

int64_t clock_ms(void);
int64_t clock_steady_ms(void);
void clock_text(char text[CLOCK_TEXT_SIZE], int64_t ms);
int64_t clock_parse(const char *text);
int clock_read(int64_t *msp, const char *text);
void random_hex(char *text, size_t size);
double random_unit(void);
void random_uuid(char text[UUID_SIZE]);

#endif

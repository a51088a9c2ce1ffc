/**
 * @file textcheck.h  Checks of text that came from outside
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TEXTCHECK_H
#define TEXTCHECK_H

#include <stdbool.h>
#include <stddef.h>

const char *json_error(char *text, size_t len);
bool utf8_valid(const char *text, size_t len);
void utf8_repair(char *text, size_t len);
bool text_controls(const char *text);
void text_repair(char *text);

#endif

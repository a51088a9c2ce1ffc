/**
 * @file syntax.h  What may stand in a SIP message, for the files that read it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SYNTAX_H
#define SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <re.h>

size_t text_utf8_len(const unsigned char *s);
bool text_is_clean(const char *str);
bool text_is_uri(const struct pl *pl);
bool text_is_space(char c);
void text_trim(struct pl *pl);
bool text_param(struct pl *val, const struct pl *params, const char *name);
bool text_cut(struct pl *pl, size_t max);
int text_print_quoted(struct re_printf *pf, const char *str);
int text_print_user(struct re_printf *pf, const char *user);

void header_full_name(struct pl *name);
bool header_may_be_in_uri(const char *str);

#endif

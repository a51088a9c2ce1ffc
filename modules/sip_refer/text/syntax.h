/**
 * @file syntax.h  Syntax of SIP messages, for the files that read them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SYNTAX_H
#define SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <re.h>

struct cJSON;
struct error;
struct farend;
struct sipverb;

size_t text_utf8_len(const unsigned char *s);
bool text_is_clean(const char *str);
bool text_is_uri(const struct pl *pl);
bool text_is_space(char c);
void text_trim(struct pl *pl);
bool text_param(struct pl *val, const struct pl *params, const char *name);
bool text_is_plain(const struct pl *pl);
bool text_cut(struct pl *pl, size_t max);
int text_print_quoted(struct re_printf *pf, const char *str);
int text_print_user(struct re_printf *pf, const char *user);

extern const char uui_name[];
bool uui_is_hex(const char *str);
int referto_check_uui(const struct sipverb *verb, struct error *error);
int uui_decode(char **hdrsp, const struct cJSON *json, struct error *error);

int decline_decode(struct sipverb *verb, const struct cJSON *json,
		   const struct farend *far, struct error *error);

int request_decode(struct sipverb *verb, const struct cJSON *json,
		   struct error *error);

int header_take(char **valuep, struct cJSON *json, const char *name,
		struct error *error);
void header_full_name(struct pl *name);
bool header_may_be_in_uri(const char *str);

#endif

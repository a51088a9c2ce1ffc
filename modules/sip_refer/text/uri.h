/**
 * @file uri.h  SIP and tel URIs in their parts
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef URI_H
#define URI_H

#include <stdbool.h>
#include <re.h>

/** A SIP or SIPS URI, each part as it was written, p NULL if it is not there
 */
struct uri_parts {
	struct pl user;   /**< With a password, if it has one            */
	struct pl host;   /**< An IPv6 address without its brackets      */
	struct pl port;   /**< Without its colon                         */
	struct pl params; /**< From the first semicolon on               */
	struct pl hdrs;   /**< From the question mark on                 */
	bool sips;        /**< Scheme                                    */
	bool junk;        /**< There is more between host and parameters */
};

int uri_split(struct uri_parts *uri, const struct pl *pl);
bool uri_host_is_valid(const struct uri_parts *uri);
bool uri_port_is_valid(const struct uri_parts *uri);
int uri_escape(const struct pl *pl);
bool uri_find_control(struct pl *esc, const struct pl *text);
int uri_print_unescaped(struct re_printf *pf, const struct pl *text);
int uri_print_user(struct re_printf *pf, const struct pl *user);

int number_encode(char **strp, const struct pl *pl, const struct pl *params);
void tel_split(struct pl *number, struct pl *params, const struct pl *tel);

#endif

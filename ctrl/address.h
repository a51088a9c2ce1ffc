/**
 * @file address.h  Which addresses are near, and whom hooks may go to
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>

struct sockaddr;

void address_allow(const char *patterns);
bool address_is_loopback(const struct sockaddr *sa);
bool address_allowed(const struct sockaddr *sa);
const char *address_url_fault(const char *url);

#endif

/**
 * @file address.h  Which addresses are near, and whom hooks may go to
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>


struct sockaddr;
bool address_is_loopback(const struct sockaddr *sa);

#endif

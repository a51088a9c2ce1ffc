/**
 * @file hello.h  What a client sees first
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HELLO_H
#define HELLO_H

#include <stdint.h>

char *hello_text(const char *client, const char *name, const char *role,
		 uint64_t seq);

#endif

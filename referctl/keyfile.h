/**
 * @file keyfile.h  Files with the keys of users of nats-servers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef KEYFILE_H
#define KEYFILE_H

#include "nkey.h"
#include "say.h"

enum status keyfile_get(char key[NKEY_PUBLIC_SIZE], const char *dir,
			const char *name);

#endif

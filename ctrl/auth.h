/**
 * @file auth.h  Tokens and what they allow
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>

enum role {
	ROLE_NONE,
	ROLE_OBSERVER,
	ROLE_CONTROLLER,
};

enum {
	AUTH_NAME_SIZE = 65,
	AUTH_HASH_SIZE = 32,
	AUTH_TOKEN_MIN = 16,
	AUTH_TOKEN_MAX = 256,
};

/* Whose token somebody has shown */
struct badge {
	enum role role;
	char name[AUTH_NAME_SIZE];
	unsigned char hash[AUTH_HASH_SIZE];
};

int auth_load(const char *path);
void auth_close(void);
bool auth_required(void);
bool auth_check(struct badge *badge, const char *token);
bool auth_stands(const struct badge *badge);
const char *role_name(enum role role);

#endif

/**
 * @file args.h  The command line
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include "say.h"

enum { ARGS_MAX = 64, OPERANDS_MAX = 64 };

enum command {
	COMMAND_CALLS,
	COMMAND_REFER,
	COMMAND_TRANSFER,
	COMMAND_CANCEL,
	COMMAND_REQUEST,
	COMMAND_ANSWER,
	COMMAND_DECLINE,
	COMMAND_HANGUP,
	COMMAND_DIAL,
	COMMAND_WATCH,
	COMMAND_TRANSFERS,
	COMMAND_EXPORT,
	COMMAND_SEND,
	COMMAND_FLEET_INIT,
	COMMAND_FLEET_STATUS,
	COMMAND_FLEET_CONFIG,
	COMMAND_NONE, /* --help, --version: everything is said */
};

struct args {
	enum command command;
	const char *operands[OPERANDS_MAX]; /* NULL where there is none */
	size_t operand_count;
	struct {
		const char *name;
		const char *value; /* NULL if the option has none */
	} given[ARGS_MAX];
	size_t n;
};

enum status args_read(struct args *a, int argc, char *argv[]);
const char *args_value(const struct args *a, const char *name);
bool args_has(const struct args *a, const char *name);
bool args_is_fleet(const struct args *a);

#endif

/**
 * @file log.h  Lines to stderr
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_hold(bool hold);
void log_flush(void);
bool log_waits(void);
void log_level_set(enum log_level level);
int log_level_parse(enum log_level *levelp, const char *name);
void log_clean(char *line);
void log_print(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)   log_print(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_print(LOG_DEBUG, __VA_ARGS__)

#endif

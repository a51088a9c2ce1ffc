/**
 * @file core.h  The service, as the module runs it
 *
 * Knows nothing of baresip, whose names differ from the service's own.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CORE_H
#define CORE_H

#include <stdbool.h>
#include <stddef.h>

struct direct_node;

/** How serious a line of the log is */
enum core_level {
	CORE_DEBUG,
	CORE_INFO,
	CORE_WARNING,
};

/**
 * Defines the handler that finds a setting
 *
 * @param name  Name of the setting
 * @param value Buffer for its value
 * @param size  Size of the buffer
 *
 * @return 0, ENOENT if it is not there, EOVERFLOW if it is too long
 */
typedef int(core_find_h)(const char *name, char *value, size_t size);

/**
 * Defines the handler of a line of the log
 *
 * @param level How serious it is
 * @param line  The line
 */
typedef void(core_log_h)(enum core_level level, const char *line);

/**
 * Defines the handler that has core_pump() called soon
 */
typedef void(core_soon_h)(void);

int core_open(core_find_h *findh, core_log_h *logh, bool debug);
void core_link(const struct direct_node *node, core_soon_h *soonh);
void core_close(void);
int core_fd(void);
void core_pump(void);
void core_reload(void);
bool core_knows(const char *name);

#endif

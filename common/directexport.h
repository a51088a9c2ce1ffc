/**
 * @file directexport.h  How two modules of baresip find each other's functions
 *
 * The export of each module is longer than baresip requires.  The other module
 * finds it among the loaded modules by this extra part.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DIRECTEXPORT_H
#define DIRECTEXPORT_H

#include <re.h>
#include "direct.h"
#include "linkreport.h"
#include "linkrequest.h"

/* Both sides must lay out what they exchange in the same way */
#define DIRECT_LAYOUT                                                         \
	(sizeof(struct report) << 16 | sizeof(struct node_request) << 8 |     \
	 sizeof(struct direct_node) << 4 | sizeof(struct direct_service))

/* For baresip, which unloads these before its own end */
#define DIRECT_TYPE "application"

struct direct_export {
	struct mod_export me; /* its type is the one below: by that */
	char type[sizeof(DIRECT_TYPE)]; /* marks the longer export */
	size_t layout;
	const char *release;
	const void *functions; /* struct direct_node or direct_service */
};

#define DIRECT_EXPORT(f)                                                      \
	.type = DIRECT_TYPE, .layout = DIRECT_LAYOUT,                         \
	.release = PROJECT_VERSION, .functions = (f)

int direct_find(const void **functionsp, const char **releasep,
		const char *name);

#endif

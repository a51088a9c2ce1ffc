/**
 * @file plugin.c  Loads what speaks with the engine
 *
 * It stays loaded, as the library in it has threads.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <dlfcn.h>
#include <stddef.h>
#include <unistd.h>
#include "base/base.h"
#include "fleetbus.h"
#include "plugin.h"


/* The installed one, or that beside which this was just built */
static const char *find_path(void)
{
	return access(FLEET_INSTALLED, R_OK) && !access(FLEET_BUILT, R_OK)
		       ? FLEET_BUILT
		       : FLEET_INSTALLED;
}


/**
 * Load the plugin.  Logs its errors.
 *
 * @return Plugin, NULL if it can't be loaded
 */
const struct fleetbus_plugin *plugin_load(void)
{
	const char *path = find_path();
	const struct fleetbus_plugin *p;
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!object) {
		log_error("fleet: the package referd-fleet is required: %s",
			  dlerror());
		return NULL;
	}

	p = dlsym(object, FLEETBUS_SYMBOL);
	if (!p || p->version != FLEETBUS_VERSION) {
		log_error("fleet: %s is of another release than this referd",
			  path);
		return NULL;
	}

	return p;
}

/**
 * @file directexport.c  How two modules of baresip find each other's functions
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include "directexport.h"


static const struct mod_export *find(const char *name)
{
	const struct le *le;

	for (le = list_head(mod_list()); le; le = le->next) {

		const struct mod_export *me = mod_export(le->data);

		if (me && !str_cmp(me->name, name))
			return me;
	}

	return NULL;
}


/**
 * Find the functions of a module that is loaded
 *
 * @param functionsp The functions of the other side
 * @param releasep   Its release, "" if that is not known
 * @param name       Its name
 *
 * @return 0, ENOENT if it is not loaded, or ENOTSUP if it is of another
 *         release, and is not to be called
 */
int direct_find(const void **functionsp, const char **releasep,
		const char *name)
{
	const struct mod_export *me = find(name);
	const struct direct_export *e = (const void *)me;

	*releasep = "";
	if (!me)
		return ENOENT;
	if (me->type != e->type)
		return ENOTSUP;

	*releasep = e->release;
	if (e->layout != DIRECT_LAYOUT ||
	    strcmp(e->release, PROJECT_VERSION) != 0)
		return ENOTSUP;

	*functionsp = e->functions;

	return 0;
}

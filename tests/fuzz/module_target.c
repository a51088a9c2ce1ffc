/**
 * @file module_target.c  Any text as referTo: the input's first line, with
 *                        the display name and header fields of the next two
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "sip_refer.h"
#include "fuzz.h"


static const char peer[] = "sip:+4940999@carrier.example:5070;transport=tcp";


static char *line(char **textp)
{
	char *str = strsep(textp, "\n");

	return str && *str ? str : NULL;
}


/* What stands in a SIP message is one line, and in <> */
static void check(const char *addr, const char *uri)
{
	struct sip_addr sa;
	struct pl pl;

	if (has_controls(addr) || has_controls(uri) || strpbrk(uri, "<> \""))
		abort();

	pl_set_str(&pl, addr);
	if (strncmp(uri, "tel:", 4) && sip_addr_decode(&sa, &pl))
		abort();
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text;
	char *addr = NULL, *uri = NULL;
	struct fault fault = {.index = -1};
	const char *input = line(&rest);
	const char *dname = line(&rest);
	const char *hdrs = line(&rest);
	int err;

	if (!input || (dname && !text_is_clean(dname)))
		goto out;
	if (hdrs && strspn(hdrs, "abcdefghijklmnopqrstuvwxyz=&%0123456789") !=
			    strlen(hdrs))
		goto out;

	err = target_encode(&addr, &uri, "referTo", input, dname, hdrs, peer,
			    &fault);
	if (!err)
		check(addr, uri);
	else if (err != EBADMSG || !*fault.text)
		abort();

	mem_deref(addr);
	mem_deref(uri);

out:
	free(text);

	return 0;
}

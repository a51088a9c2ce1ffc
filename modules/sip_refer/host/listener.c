/**
 * @file listener.c  A listener of ours before all others of libre's
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host.h"


/* libre appends a listener and has no function that puts one first; the
   listener begins with its list element in every release, which is checked */
int listener_put_first(struct sip_lsnr **lsnrp, bool req, sip_msg_h *msgh)
{
	struct list *list;
	struct le *le;
	int err;

	err = sip_listen(lsnrp, uag_sip(), req, msgh, NULL);
	if (err)
		return err;

	le = (struct le *)*lsnrp;
	if (le->data != *lsnrp || !le->list)
		return ENOTSUP;

	list = le->list;
	list_unlink(le);
	list_prepend(list, le, *lsnrp);

	return 0;
}

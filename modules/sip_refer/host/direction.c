/**
 * @file direction.c  Which way the media of a call go
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host.h"


static enum sdp_dir direction(enum sdp_dir now, bool hold)
{
	return (enum sdp_dir)(hold ? now & SDP_SENDONLY : now | SDP_RECVONLY);
}


void direction_hold(const struct call *call, bool hold)
{
	struct le *le;

	for (le = list_head(call_streaml(call)); le; le = le->next) {

		struct sdp_media *media = stream_sdpmedia(le->data);

		sdp_media_set_ldir(media,
				   direction(sdp_media_ldir(media), hold));
	}
}

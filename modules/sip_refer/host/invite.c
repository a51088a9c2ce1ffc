/**
 * @file invite.c  The header fields of the far end in an INVITE or its 2xx
 *
 * baresip does not keep the header fields, so they are read before baresip
 * sees the message, and wait here for the call that it becomes.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <re.h>
#include "json.h"
#include "text/text.h"
#include "host.h"


enum {
	WAITING_MAX = 64,    /* INVITEs that wait for their call      */
	HEADERS_MAX = 16384, /* of one, that a report has room for [bytes] */
};

struct invite {
	struct le le;
	char *call_id;
	char *headers; /* as JSON */
	char *uui;     /* as JSON, or NULL */
	char *source;
	struct shown shown;
};

static struct list waiting;


static void destructor(void *arg)
{
	struct invite *inv = arg;

	list_unlink(&inv->le);
	mem_deref(inv->call_id);
	mem_deref(inv->source);
	free(inv->headers);
	free(inv->uui);
}


static struct invite *find(const char *call_id)
{
	struct le *le;

	for (le = list_tail(&waiting); le; le = le->prev) {

		struct invite *inv = le->data;

		if (!str_cmp(inv->call_id, call_id))
			return inv;
	}

	return NULL;
}


static bool is_initial(const struct sip_msg *msg)
{
	if (pl_strcmp(&msg->cseq.met, "INVITE"))
		return false;

	return msg->req ? !pl_isset(&msg->to.tag)
			: msg->scode >= 200 && msg->scode < 300;
}


/* Over UDP the far end, or the proxy before it, can be reached where it sends
   from; a connection says nothing of the port that it listens on */
static int source_print(char **strp, const struct sip_msg *msg)
{
	if (msg->tp == SIP_TRANSP_UDP && sa_port(&msg->src) != SIP_PORT)
		return re_sdprintf(strp, "%J", &msg->src);

	return re_sdprintf(strp, sa_af(&msg->src) == AF_INET6 ? "[%j]" : "%j",
			   &msg->src);
}


void invite_keep(const struct sip_msg *msg)
{
	struct invite *inv;
	struct json j;
	int err;

	if (!is_initial(msg))
		return;

	inv = mem_zalloc(sizeof(*inv), destructor);
	if (!inv)
		return;

	json_init(&j);
	json_open(&j, NULL, '{');
	err = pl_strdup(&inv->call_id, &msg->callid);
	err |= source_print(&inv->source, msg);
	err |= sipmsg_headers(&j, msg, HEADERS_MAX);
	json_close(&j, '}');
	inv->headers = json_take(&j);
	json_free(&j);
	inv->uui = uui_json(msg);
	shown_by(&inv->shown, msg);
	if (err || !inv->headers) {
		mem_deref(inv);
		return;
	}

	/* a retransmission, or a re-INVITE's 2xx that is not for us */
	mem_deref(find(inv->call_id));

	if (list_count(&waiting) >= WAITING_MAX)
		mem_deref(list_ledata(list_head(&waiting)));

	list_append(&waiting, &inv->le, inv);
}


char *invite_take(const char *call_id, char **uuip, char **sourcep,
		  struct shown *shown)
{
	struct invite *inv = find(call_id);
	char *headers;

	if (!inv)
		return NULL;

	headers = inv->headers;
	inv->headers = NULL;
	free(*uuip);
	*uuip = inv->uui;
	inv->uui = NULL;
	mem_deref(*sourcep);
	*sourcep = mem_ref(inv->source);
	*shown = inv->shown;
	mem_deref(inv);

	return headers;
}


void invite_flush(void)
{
	list_flush(&waiting);
}

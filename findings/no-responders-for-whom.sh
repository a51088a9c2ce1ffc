#!/bin/sh
#
# A synchronous subscription to the inboxes of several requests cannot tell which
# of them has no responders: natsSubscription_NextMsg() returns
# NATS_NO_RESPONDERS and no message, although the server names the inbox. The
# callback of an asynchronous subscription gets the same message whole.
#
# nats-server 2.9.10 (Debian nats-server 2.9.10-1+b3) with libnats 3.4.1 (Debian
# libnats3.4 and libnats-dev 3.4.1-1+b1). Needs cc.
#
# The server answers a request that nobody hears with an empty message of status
# 503 to the inbox of that request. Seen:
#
#     NextMsg: No responders available for request, without a message
#     NextMsg: No responders available for request, without a message
#     callback: inbox.1, status 503
#     callback: inbox.2, status 503

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
# shellcheck source=findings/nats disable=SC1091
. "$here/nats"

nats_run >seen <<'END'
#include <nats/nats.h>
#include <stdio.h>

static void handler(natsConnection *nc, natsSubscription *sub, natsMsg *msg,
		    void *closure)
{
	const char *status = "none";

	(void)nc, (void)sub, (void)closure;
	natsMsgHeader_Get(msg, "Status", &status);
	printf("callback: %s, status %s\n", natsMsg_GetSubject(msg), status);
	natsMsg_Destroy(msg);
}

static void request_two(natsConnection *nc)
{
	natsConnection_PublishRequestString(nc, "nobody.a", "inbox.1", "x");
	natsConnection_PublishRequestString(nc, "nobody.b", "inbox.2", "x");
	natsConnection_FlushTimeout(nc, 5000);
}

int main(int argc, char *argv[])
{
	natsConnection *nc;
	natsSubscription *sub;

	if (argc < 2 || natsConnection_ConnectTo(&nc, argv[1]) ||
	    natsConnection_SubscribeSync(&sub, nc, "inbox.*"))
		return 1;

	request_two(nc);
	for (int i = 0; i < 2; i++) {
		natsMsg *msg = NULL;
		natsStatus s = natsSubscription_NextMsg(&msg, sub, 5000);

		printf("NextMsg: %s, %s\n", natsStatus_GetText(s),
		       msg ? natsMsg_GetSubject(msg) : "without a message");
		natsMsg_Destroy(msg);
	}
	natsSubscription_Destroy(sub);

	if (natsConnection_Subscribe(&sub, nc, "inbox.*", handler, NULL))
		return 1;
	request_two(nc);
	nats_Sleep(500);

	return 0;
}
END
expect seen <<'END'
NextMsg: No responders available for request, without a message
NextMsg: No responders available for request, without a message
callback: inbox.1, status 503
callback: inbox.2, status 503
END

#!/bin/sh
#
# js_Publish() to a subject that the user may not publish to waits for the whole
# time that it is given, and returns NATS_TIMEOUT: the reason comes to the error
# handler of the connection alone.
#
# nats-server 2.9.10 (Debian nats-server 2.9.10-1+b3) with libnats 3.4.1 (Debian
# libnats3.4 and libnats-dev 3.4.1-1+b1). Needs cc.
#
# The server answers a publish that is not permitted with a line -ERR, which
# names the subject and no request; the client waits for an answer at its inbox,
# where none comes. The status of the call is that of a stream without a leader.
# Seen:
#
#     allowed.1: OK
#     other.1: Timeout, after the whole wait
#     error handler: Permissions Violation for Publish to "other.1"

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
# shellcheck source=findings/nats disable=SC1091
. "$here/nats"

cat >server.more <<END
jetstream { store_dir: "$tmp/js" }
authorization {
	users: [ { user: a, password: b, permissions {
		publish: ["allowed.*", "\$JS.API.>"], subscribe: "_INBOX.>" } } ]
}
END

nats_run >told <<'END'
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>

static char told[256];

static void error_cb(natsConnection *nc, natsSubscription *sub, natsStatus s,
		     void *closure)
{
	const char *text = NULL;

	(void)sub, (void)s, (void)closure;
	natsConnection_GetLastError(nc, &text);
	snprintf(told, sizeof(told), "%s", text ? text : "");
}

static void publish(jsCtx *js, const char *subject)
{
	int64_t begin = nats_Now();
	natsStatus s = js_Publish(NULL, js, subject, "x", 1, NULL, NULL);

	printf("%s: %s%s\n", subject, natsStatus_GetText(s),
	       nats_Now() - begin >= 500 ? ", after the whole wait" : "");
}

int main(int argc, char *argv[])
{
	natsOptions *opts;
	natsConnection *nc;
	jsCtx *js;
	jsOptions jsopts;
	jsStreamConfig config;
	char *p;

	if (argc < 2 || natsOptions_Create(&opts))
		return 1;
	natsOptions_SetURL(opts, argv[1]);
	natsOptions_SetUserInfo(opts, "a", "b");
	natsOptions_SetErrorHandler(opts, error_cb, NULL);
	jsOptions_Init(&jsopts);
	jsopts.Wait = 500;
	if (natsConnection_Connect(&nc, opts) ||
	    natsConnection_JetStream(&js, nc, &jsopts))
		return 1;

	jsStreamConfig_Init(&config);
	config.Name = "S";
	config.Subjects = (const char *[]){"allowed.*", "other.*"};
	config.SubjectsLen = 2;
	if (js_AddStream(NULL, js, &config, NULL, NULL))
		return 1;

	publish(js, "allowed.1");
	publish(js, "other.1");
	p = strstr(told, "Permissions");
	printf("error handler: %s\n", p ? p : told);

	return 0;
}
END
tr -d "\r'" <told >seen

expect seen <<'END'
allowed.1: OK
other.1: Timeout, after the whole wait
error handler: Permissions Violation for Publish to "other.1"
END

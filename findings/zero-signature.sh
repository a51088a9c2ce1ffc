#!/bin/sh
#
# A client with an NKey or a JWT leaves its signature out of CONNECT if the
# first byte of the signature is zero, and the server refuses the login. This
# happens to one login of 256.
#
# nats-server 2.9.10 (Debian nats-server 2.9.10-1+b3) with libnats 3.4.1 (Debian
# libnats3.4 and libnats-dev 3.4.1-1+b1). Needs cc.
#
# The library takes the signature for an empty string. It depends on the key and
# on the nonce of the server alone, so that the next login, with another nonce,
# is likely to work. Here neither signature is valid; the log of the server
# tells whether it got one. Seen:
#
#     first byte 1: Signature not verified
#     first byte 0: Signature missing

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
# shellcheck source=findings/nats disable=SC1091
. "$here/nats"

user=UAEH66HJ325GNXAWU2CUMDLJEHFZIT7GRKIEQMPFZXWXWRRJL3GXYO23
cat >server.more <<END
debug: true
authorization { users: [ { nkey: $user } ] }
END

nats_run <<END
#include <nats/nats.h>
#include <stdlib.h>
#include <string.h>

static natsStatus sign(char **error, unsigned char **sig, int *len,
		       const char *nonce, void *first)
{
	(void)error, (void)nonce;
	*len = 64;
	*sig = malloc(64);
	memset(*sig, 1, 64);
	**sig = *(unsigned char *)first;

	return NATS_OK;
}

static void log_in(const char *url, unsigned char first)
{
	natsOptions *opts;
	natsConnection *nc;

	if (natsOptions_Create(&opts))
		exit(1);
	natsOptions_SetURL(opts, url);
	natsOptions_SetNKey(opts, "$user", sign, &first);
	(void)natsConnection_Connect(&nc, opts);
	natsOptions_Destroy(opts);
}

int main(int argc, char *argv[])
{
	if (argc < 2)
		return 1;
	log_in(argv[1], 1);
	log_in(argv[1], 0);

	return 0;
}
END

# The logins are in the order of the log
sed -n 's/.* - \(Signature .*\)/\1/p' log |
	sed '1s/^/first byte 1: /; 2s/^/first byte 0: /' >seen

expect seen <<'END'
first byte 1: Signature not verified
first byte 0: Signature missing
END

#!/bin/sh
#
# libre keeps only the last word of a display name that is not quoted.
#
# libre 1.1.0 (Debian 12, 1.1.0-1+b2); beside it sofia-sip 1.12.11 (Debian 12).
# Needs cc and OpenSSL 3's libssl (package libssl3).
#
# RFC 3261, section 25.1: display-name is *(token LWS) or a quoted-string, and
# section 20.10 asks for quotes only if there is something else than tokens in
# it. `Anna Maria` is as good as `"Anna Maria"`. Seen:
#
#     Anna Maria <sip:c@192.0.2.3>
#       libre [Maria], sofia-sip [Anna Maria]
#     "Anna Maria" <sip:c@192.0.2.3>
#       libre [Anna Maria], sofia-sip ["Anna Maria"]

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
need cc
need_library libssl.so.3
from_debian libre-dev=1.1.0-1+b2 libre0=1.1.0-1+b2 \
	libsofia-sip-ua-dev=1.12.11+20110422.1+1e14eea~dfsg-6 \
	libsofia-sip-ua0=1.12.11+20110422.1+1e14eea~dfsg-6

cat >libre.c <<'END'
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <re.h>

int main(int argc, char *argv[])
{
	struct sip_addr addr;
	struct pl pl;

	(void)argc;
	pl_set_str(&pl, argv[1]);
	if (sip_addr_decode(&addr, &pl))
		return 1;

	(void)re_printf("[%r]", &addr.dname);
	return 0;
}
END
cat >sofia.c <<'END'
#include <stdio.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/sip_header.h>

int main(int argc, char *argv[])
{
	su_home_t *home = su_home_new(sizeof *home);
	sip_refer_to_t *to = sip_refer_to_make(home, argv[1]);

	(void)argc;
	if (!to)
		return 1;

	printf("[%s]", to->r_display);
	return 0;
}
END
cc libre.c -o libre -Iroot/usr/include/re -Llib -Wl,-rpath,"$PWD/lib" -lre
cc sofia.c -o sofia -Iroot/usr/include/sofia-sip-1.12 -Llib \
	-Wl,-rpath,"$PWD/lib" -lsofia-sip-ua

for addr in 'Anna Maria <sip:c@192.0.2.3>' '"Anna Maria" <sip:c@192.0.2.3>'; do
	echo "$addr"
	echo "  libre $(./libre "$addr"), sofia-sip $(./sofia "$addr")"
done >seen

expect seen <<'END'
Anna Maria <sip:c@192.0.2.3>
  libre [Maria], sofia-sip [Anna Maria]
"Anna Maria" <sip:c@192.0.2.3>
  libre [Anna Maria], sofia-sip ["Anna Maria"]
END

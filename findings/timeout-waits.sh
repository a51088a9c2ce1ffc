#!/bin/sh
#
# libcurl's multi interface, which is not to block, waits for the name server
# once the time for a connection is over: for as long as that is silent.
#
# libcurl 7.88.1 (Debian libcurl4 7.88.1-10+deb12u15). Needs cc, unshare, ip,
# mount, node, and what libcurl4 depends on.
#
# curl_multi_perform(3): "does not block", returns as soon as the reads and
# writes are done. The thread that looks up a name cannot be stopped, and the
# call in which CURLOPT_CONNECTTIMEOUT_MS is over joins it. Whoever runs requests
# on an event loop stands still meanwhile. With CURLOPT_QUICK_EXIT (since 7.87.0)
# it is left behind. Seen with 300 ms for a connection, and 3 s for the lookup:
#
#     as it is: the longest call takes 2 to 3 s
#     CURLOPT_QUICK_EXIT: the longest call takes less than 0.5 s

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
need cc node ip unshare mount
[ "$(id -u)" = 0 ] && alone='unshare -nm' || alone='unshare -rnm'
$alone true 2>/dev/null || skip "this system gives no network of one's own"
from_debian libcurl4=7.88.1-10+deb12u15 \
	libcurl4-openssl-dev=7.88.1-10+deb12u15
need_library libssl.so.3 libnghttp2.so.14 librtmp.so.1 libssh2.so.1 libpsl.so.5

cat >try.c <<'END'
#include <curl/curl.h>
#include <stdio.h>
#include <time.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void try(const char *name, long quick)
{
	CURLM *multi = curl_multi_init();
	CURL *easy = curl_easy_init();
	double longest = 0;
	int running = 1;

	curl_easy_setopt(easy, CURLOPT_URL, "http://name.example/");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 300L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, quick);
	curl_multi_add_handle(multi, easy);
	while (running) {
		const double since = now();

		curl_multi_perform(multi, &running);
		if (now() - since > longest)
			longest = now() - since;
		if (running)
			curl_multi_poll(multi, NULL, 0, 50, NULL);
	}

	printf("%s: the longest call takes %s\n", name,
	       longest < .5                   ? "less than 0.5 s"
	       : longest >= 2 && longest <= 3 ? "2 to 3 s"
					      : "another time");
	fflush(stdout);
	curl_multi_remove_handle(multi, easy);
	curl_easy_cleanup(easy);
	curl_multi_cleanup(multi);
}

int main(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	try("as it is", 0);
	try("CURLOPT_QUICK_EXIT", 1);

	return 0;
}
END
include=$(dirname "$(find root/usr/include -path '*curl/curl.h')")/..
cc -w -I "$include" try.c -o try lib/libcurl.so.4 -Wl,--allow-shlib-undefined

cat >resolv.conf <<'END'
nameserver 127.0.0.1
options timeout:3 attempts:1
END
cat >silent.js <<'END'
require('dgram').createSocket('udp4').bind(53, '127.0.0.1',
	() => console.log('there'));
END
cat >run <<'END'
ip link set lo up
mount --bind resolv.conf /etc/resolv.conf
printf 'hosts: files dns\n' >nsswitch.conf
[ ! -e /etc/nsswitch.conf ] || mount --bind nsswitch.conf /etc/nsswitch.conf
node silent.js >there &
while [ ! -s there ]; do sleep .1; done
LD_LIBRARY_PATH=lib ./try
kill $!
END
$alone sh run >seen

expect seen <<'END'
as it is: the longest call takes 2 to 3 s
CURLOPT_QUICK_EXIT: the longest call takes less than 0.5 s
END

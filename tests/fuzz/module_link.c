/**
 * @file module_link.c  Lines as referd says them on the link
 *
 * Three calls live: an answered one, one that rings, another answered one. A
 * line "=" hangs up, "!" lets all timers fire, "?" those that end within a
 * second.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "baresip.h"
#include "fuzz.h"


static const char invite[] = "INVITE sip:gw@10.0.0.2 SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
			     "From: \"Ann\" <sip:+4930123@10.0.0.1>;tag=a\r\n"
			     "To: <sip:gw@10.0.0.2>\r\n"
			     "Call-ID: %s\r\n"
			     "CSeq: 1 INVITE\r\n"
			     "Contact: <sip:ann@10.0.0.1:5070>\r\n"
			     "Record-Route: <sip:10.0.0.9;lr>\r\n"
			     "Allow: INVITE, BYE, NOTIFY\r\n"
			     "X-Customer: 17\r\n"
			     "Content-Length: 0\r\n\r\n";


static struct call *incoming(const char *id)
{
	char text[1024];

	(void)re_snprintf(text, sizeof(text), invite, id);

	return baresip_call(text);
}


static void say(const char *line, size_t len, bool whole)
{
	if (len == 1 && *line == '=')
		referd_hang_up();
	else if (len == 1 && *line == '!')
		time_passes(UINT64_MAX);
	else if (len == 1 && *line == '?')
		time_passes(1000);
	else
		referd_say(line, len + whole);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	baresip_open(false);
	baresip_answered(incoming("c1"));
	(void)incoming("c2");
	baresip_answered(incoming("c3"));
	time_passes(0);

	fuzz_lines(data, size, say);

	baresip_close();

	return 0;
}

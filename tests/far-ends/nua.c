/**
 * @file nua.c  A phone on sofia-sip's nua, written to nua's reference
 *
 * It answers each call, and executes each REFER.  nua itself sends the
 * NOTIFYs: the new call names the call that gets the reports.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct phone;
#define NUA_MAGIC_T struct phone
#include <sofia-sip/nua.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>

struct phone {
	su_root_t *root;
	nua_t *nua;
	char sdp[256];
	bool by_uri; /* header fields of the Refer-To make an INVITE */
};


/* Calls the target of a REFER: with its header fields, or by its address */
static void refer_handler(struct phone *phone, nua_handle_t *nh,
			  const sip_t *sip, tagi_t *tags)
{
	const sip_event_t *event = NULL;
	const sip_refer_to_t *to = sip->sip_refer_to;
	nua_handle_t *call;

	tl_gets(tags, NUTAG_REFER_EVENT_REF(event), TAG_END());
	call = nua_handle(phone->nua, NULL,
			  TAG_IF(phone->by_uri,
				 NUTAG_URL((const url_string_t *)to->r_url)),
			  TAG_IF(!phone->by_uri,
				 SIPTAG_TO((const sip_to_t *)sip_to_create(
					 nua_handle_home(nh),
					 (const url_string_t *)to->r_url))),
			  TAG_END());
	nua_invite(call, NUTAG_NOTIFY_REFER(nh), NUTAG_REFER_EVENT(event),
		   SIPTAG_REFERRED_BY(sip->sip_referred_by),
		   SOATAG_USER_SDP_STR(phone->sdp), TAG_END());
}


static void event_handler(nua_event_t event, int status, const char *phrase,
			  nua_t *nua, struct phone *phone, nua_handle_t *nh,
			  nua_hmagic_t *magic, const sip_t *sip, tagi_t *tags)
{
	(void)nua;
	(void)magic;

	printf("%s: %d %s\n", nua_event_name(event), status, phrase);
	fflush(stdout);

	switch (event) {

	case nua_i_invite:
		if (status == 100)
			nua_respond(nh, SIP_200_OK,
				    SOATAG_USER_SDP_STR(phone->sdp),
				    TAG_END());
		break;

	case nua_i_refer: refer_handler(phone, nh, sip, tags); break;

	default: break;
	}
}


static int usage(void)
{
	fprintf(stderr, "usage: nua [--by-uri] ADDRESS\n");

	return 2;
}


int main(int argc, char *argv[])
{
	struct phone phone = {0};
	const char *ip;
	char url[128];

	phone.by_uri = argc == 3 && !strcmp(argv[1], "--by-uri");
	if (argc != 2 + phone.by_uri)
		return usage();
	ip = argv[argc - 1];

	snprintf(url, sizeof(url), "sip:%s:5060;transport=udp", ip);
	snprintf(phone.sdp, sizeof(phone.sdp),
		 "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
		 "m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n",
		 ip, ip);

	su_init();
	phone.root = su_root_create(&phone);
	phone.nua = nua_create(
		phone.root, event_handler, &phone, NUTAG_URL(url),
		NUTAG_AUTOALERT(0), NUTAG_AUTOANSWER(0),
		SIPTAG_FROM_STR("<sip:nua@localhost>"), TAG_END());
	if (!phone.nua) {
		fprintf(stderr, "nua: cannot listen at %s\n", url);
		return 1;
	}

	printf("ready\n");
	fflush(stdout);
	su_root_run(phone.root);

	return 0;
}

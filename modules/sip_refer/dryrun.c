/**
 * @file dryrun.c  The REFER that would go out, and what is doubtful about it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


enum {
	UDP_MAX = 1300, /* RFC 3261 section 18.1.1 [bytes] */
};


static void doubt(cJSON *doubts, const char *text)
{
	cJSON_AddItemToArray(doubts, cJSON_CreateString(text));
}


/* The value of a header field that the far end sent, NULL if it sent none */
static const char *far_header(const struct livecall *lc, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(lc->headers, name));
}


static void check_allow(cJSON *doubts, const struct livecall *lc)
{
	const char *allow = far_header(lc, "Allow");

	if (allow && re_regex(allow, strlen(allow), "REFER"))
		doubt(doubts, "The far end's Allow lacks REFER: it will "
			      "probably refuse.");
}


static void check_replaces(cJSON *doubts, const struct livecall *lc,
			   const struct verb *verb)
{
	const char *supported = far_header(lc, "Supported");

	if (verb->replaces &&
	    (!supported || re_regex(supported, strlen(supported), "replaces")))
		doubt(doubts, "The far end's Supported lacks replaces: it may "
			      "call the target anew instead of joining the "
			      "call.");
}


/* RFC 1918, RFC 3927, RFC 4193 and loopback */
static bool is_private(const struct sa *sa)
{
	const uint32_t in = sa_in(sa);

	if (sa_af(sa) == AF_INET6)
		return sa_is_linklocal(sa) || sa_is_loopback(sa) ||
		       (((const uint8_t *)&sa->u.in6.sin6_addr)[0] & 0xfe) ==
			       0xfc;

	return sa_is_linklocal(sa) || sa_is_loopback(sa) || (in >> 24) == 10 ||
	       (in >> 20) == 0xac1 || (in >> 16) == 0xc0a8;
}


static void check_target(cJSON *doubts, const struct verb *verb)
{
	struct uri uri;
	struct pl pl;
	struct sa sa;

	pl_set_str(&pl, verb->refer_to_uri);

	if (!strncmp(verb->refer_to_uri, "tel:", 4)) {
		doubt(doubts, "Refer-To is a tel: URI: not every far end can "
			      "route it.");
		return;
	}

	if (uri_decode(&uri, &pl))
		return;

	if (!sa_set(&sa, &uri.host, 0) && is_private(&sa))
		doubt(doubts, "Refer-To has a private address: a far end in "
			      "another network cannot reach it.");

	if (!sa_set(&sa, &uri.host, 0))
		return;

	if (!pl_strchr(&uri.host, '.') ||
	    !re_regex(uri.host.p, uri.host.l, "\\.invalid") ||
	    !re_regex(uri.host.p, uri.host.l, "\\.local"))
		doubt(doubts, "Refer-To has a host name that is known in a "
			      "private network only.");
}


static void check_size(cJSON *doubts, const char *text)
{
	if (strlen(text) > UDP_MAX && strstr(text, "SIP/2.0/UDP"))
		doubt(doubts, "The REFER has more than 1300 bytes: over UDP "
			      "it may get lost.");
}


/**
 * Report the REFER that a verb would send now. Nothing is sent, and no CSeq
 * used up.
 *
 * @param reportp Pointer to the report, the caller's own
 * @param lc      Call
 * @param verb    Verb sip:refer
 *
 * @return 0 if success, otherwise errorcode
 */
int dryrun_report(struct cJSON **reportp, const struct livecall *lc,
		  const struct verb *verb)
{
	char *hdrs = NULL, *text = NULL;
	struct dialog *dlg = NULL;
	cJSON *report, *doubts;
	int err;

	err = transfer_print_hdrs(&hdrs, verb);
	if (!err)
		err = dialog_take(&dlg, lc->call, verb->refer_to_uri);
	if (!err)
		err = dialog_print(&text, dlg, "REFER",
				   sip_dialog_lseq(dlg->dlg), hdrs);
	if (err)
		goto out;

	report = cJSON_CreateObject();
	cJSON_AddStringToObject(report, "refer_to", verb->refer_to_uri);
	cJSON_AddStringToObject(report, "referred_by", verb->referred_by_uri);
	cJSON_AddStringToObject(report, "refer", text);

	doubts = cJSON_AddArrayToObject(report, "doubts");
	check_allow(doubts, lc);
	check_replaces(doubts, lc, verb);
	check_target(doubts, verb);
	check_size(doubts, text);

	*reportp = report;

out:
	mem_deref(hdrs);
	mem_deref(dlg);
	mem_deref(text);

	return err;
}

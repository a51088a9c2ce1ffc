/**
 * @file dryrun.c  The REFER that would go out, and what is doubtful about it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "compat/compat.h"
#include "json.h"
#include "sip_refer.h"


enum {
	UDP_MAX = 1300,    /* RFC 3261 section 18.1.1 [bytes]  */
	SHOWN_MAX = 24576, /* of the REFER, as JSON [bytes]    */
};


static void doubt(struct json *doubts, const char *text)
{
	json_str(doubts, NULL, text);
}


/* The value of a header field that the far end sent, NULL if it sent none */
static const char *far_header(const cJSON *headers, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(headers, name));
}


static void check_allow(struct json *doubts, const cJSON *headers)
{
	const char *allow = far_header(headers, "Allow");

	if (allow && re_regex(allow, strlen(allow), "REFER"))
		doubt(doubts, "The far end's Allow lacks REFER: it will "
			      "probably refuse.");
}


static void check_replaces(struct json *doubts, const cJSON *headers,
			   const struct verb *verb)
{
	const char *supported = far_header(headers, "Supported");

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


static void check_target(struct json *doubts, const struct verb *verb)
{
	struct uri uri;
	struct pl pl;
	struct sa sa;

	pl_set_str(&pl, verb->refer_to.uri);

	if (!strncmp(verb->refer_to.uri, "tel:", 4)) {
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


static void check_size(struct json *doubts, const char *text)
{
	if (strlen(text) > UDP_MAX && strstr(text, "SIP/2.0/UDP"))
		doubt(doubts, "The REFER has more than 1300 bytes: over UDP "
			      "it may get lost.");
}


/**
 * Report the REFER that a verb would send now. Nothing is sent, and no CSeq
 * used up.
 *
 * @param reportp Pointer to its JSON, to be freed
 * @param lc      Call
 * @param verb    Verb sip:refer
 *
 * @return 0 if success, otherwise errorcode
 */
int dryrun_report(char **reportp, const struct livecall *lc,
		  const struct verb *verb)
{
	char *hdrs = NULL, *text = NULL;
	struct dialog *dlg = NULL;
	cJSON *headers;
	struct json j;
	int err;

	err = transfer_print_hdrs(&hdrs, verb);
	if (!err)
		err = dialog_take(&dlg, lc->call, verb->refer_to.uri);
	if (!err)
		err = dialog_print(&text, dlg, "REFER",
				   sip_dialog_lseq(dlg->dlg), hdrs, true);
	if (err)
		goto out;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "refer_to", verb->refer_to.uri);
	json_str(&j, "refer_to_host", verb->refer_to.rule);
	json_str(&j, "referred_by", verb->referred_by.uri);
	json_str(&j, "referred_by_host", verb->referred_by.rule);
	json_cut(&j, "refer", text, SHOWN_MAX);

	headers = lc->headers ? cJSON_Parse(lc->headers) : NULL;
	json_open(&j, "doubts", '[');
	check_allow(&j, headers);
	check_replaces(&j, headers, verb);
	check_target(&j, verb);
	check_size(&j, text);
	json_close(&j, ']');
	json_close(&j, '}');
	cJSON_Delete(headers);

	*reportp = json_take(&j);
	if (!*reportp)
		err = ENOMEM;
	json_free(&j);

out:
	mem_deref(hdrs);
	mem_deref(dlg);
	mem_deref(text);

	return err;
}

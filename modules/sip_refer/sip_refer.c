/**
 * @file sip_refer.c  The verb sip:refer for baresip
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include <re.h>
#include "directexport.h"
#include "call/call.h"
#include "host/host.h"
#include "link/link.h"
#include "text/text.h"
#include "transfer/transfer.h"
#include "control.h"


/**
 * @defgroup sip_refer sip_refer
 *
 * Transfers calls for referd, which speaks to the application.
 *
 * Configuration options:
 *
 \verbatim
  sip_refer_socket           /run/referd/node.sock # socket of referd
  sip_refer_node             gw1                   # name of this baresip
  sip_refer_notify_timeout   40                    # 2xx to first NOTIFY [s]
  sip_refer_ringing_timeout  120                   # NOTIFY to NOTIFY [s]
  sip_refer_retry_timeout    4                     # 491 to next REFER [s]
  sip_refer_unsubscribe      no                    # from what is given up
  sip_refer_accept           no                    # REFERs of far ends
  sip_refer_profiles         /etc/referd/profiles  # how far ends differ
  sip_refer_capture          yes                   # SIP byte for byte
 \endverbatim
 */


enum {
	RINGING_TIMEOUT = 120,
	NODE_MAX = 64,
	PROFILES_PATH = 1024,
	PATH_SIZE = sizeof(((struct sockaddr_un *)0)->sun_path),
};

static struct sip_lsnr *lsnr_req;
static struct sip_lsnr *lsnr_resp;


/* Comes before all other listeners: libre's subscriptions would refuse NOTIFYs
   of some carriers, baresip drops the header fields of an INVITE, and dials
   the target of a REFER */
static bool request_handler(const struct sip_msg *msg, void *arg)
{
	(void)arg;

	if (!pl_strcmp(&msg->met, "NOTIFY"))
		return referrals_notify(msg);

	if (!pl_strcmp(&msg->met, "REFER"))
		return decline_refer(msg);

	if (!pl_strcmp(&msg->met, "INFO"))
		return keys_info(msg);

	if (!pl_strcmp(&msg->met, "BYE"))
		referrals_bye(msg);
	invite_keep(msg);

	return false;
}


static bool response_handler(const struct sip_msg *msg, void *arg)
{
	(void)arg;

	invite_keep(msg);
	hold_response(msg);

	return false;
}


static int get_seconds(uint32_t *msp, const char *name, uint32_t least,
		       uint32_t most, uint32_t def)
{
	struct pl pl;
	uint32_t sec;

	*msp = def * 1000;
	if (conf_get(conf_cur(), name, &pl))
		return 0;

	sec = pl_u32(&pl);
	if (pl.p[0] < '0' || pl.p[0] > '9' || sec < least || sec > most) {
		warning("sip_refer: %s must be a number of seconds from %u to "
			"%u, not '%r'\n",
			name, least, most, &pl);
		return EINVAL;
	}

	*msp = sec * 1000;

	return 0;
}


static int get_bool(bool *valp, const char *name, bool def)
{
	struct pl pl;

	*valp = def;
	if (conf_get(conf_cur(), name, &pl))
		return 0;

	*valp = !pl_strcasecmp(&pl, "yes");
	if (!*valp && pl_strcasecmp(&pl, "no")) {
		warning("sip_refer: %s must be yes or no, not '%r'\n", name,
			&pl);
		return EINVAL;
	}

	return 0;
}


/* A user who may enter the directory of the system's referd uses that one */
static int get_path(char *path)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	char buf[PATH_SIZE + 1];

	if (conf_get_str(conf_cur(), "sip_refer_socket", buf, sizeof(buf))) {
		if (getuid() == 0 || !dir || !access("/run/referd", X_OK))
			dir = "/run";
		(void)re_snprintf(buf, sizeof(buf), "%s/referd/node.sock",
				  dir);
	}

	if (!buf[0] || strlen(buf) >= PATH_SIZE) {
		warning("sip_refer: sip_refer_socket must be a path of at "
			"most %zu bytes\n",
			(size_t)PATH_SIZE - 1);
		return EINVAL;
	}

	str_ncpy(path, buf, PATH_SIZE);

	return 0;
}


static int get_node(char *node)
{
	char host[NODE_MAX - 12];

	if (conf_get_str(conf_cur(), "sip_refer_node", node, NODE_MAX)) {
		if (gethostname(host, sizeof(host)))
			str_ncpy(host, "baresip", sizeof(host));
		host[sizeof(host) - 1] = '\0';
		(void)re_snprintf(node, NODE_MAX, "%s-%d", host,
				  (int)getpid());
	}

	if (!text_is_token(node)) {
		warning("sip_refer: sip_refer_node must be a name of letters, "
			"digits and -_. of at most %d bytes\n",
			NODE_MAX - 1);
		return EINVAL;
	}

	return 0;
}


/* The profiles that come with the module, if they exist, unless the config
   names others or none */
static int read_profiles(void)
{
	static char path[PROFILES_PATH];
	const bool is_set = !conf_get_str(conf_cur(), "sip_refer_profiles",
					  path, sizeof(path));

	if (!is_set)
		str_ncpy(path, PROFILES, sizeof(path));
	else if (!str_casecmp(path, "no"))
		return profiles_init(NULL, false);

	return profiles_init(path, is_set);
}


static void module_stop(void)
{
	livecalls_close();
	profiles_close();
	referrals_close();
	trace_close();
	capture_close();
	source_close();
	lsnr_req = mem_deref(lsnr_req);
	lsnr_resp = mem_deref(lsnr_resp);
	invite_flush();
	link_close();
	dialog_close();
	deadline_close();
	timers_close();
}


static int module_start(const char *path, const char *node,
			const struct timeouts *timeouts, bool capture)
{
	static const struct link_handlers handlers = {
		.request = control_request,
		.sync = control_sync,
	};
	static const struct referral_events events = {
		.transferred = livecalls_transferred,
		.stays = livecalls_stays,
		.unknown = livecalls_unknown,
		.media = livecalls_media,
	};
	char why[256];
	int err;

	err = dialog_init(why, sizeof(why));
	if (!err && capture)
		err = trace_init(capture_take, why, sizeof(why));
	if (err) {
		warning("sip_refer: cannot be loaded: %s\n", why);
		return err;
	}

	err = deadline_init();
	if (err) {
		warning("sip_refer: cannot be loaded: no timer (%m)\n", err);
		return err;
	}

	err = listener_put_first(&lsnr_req, true, request_handler);
	if (!err)
		err = listener_put_first(&lsnr_resp, false, response_handler);
	if (err) {
		warning("sip_refer: cannot be loaded: this libre orders its "
			"listeners in an unknown way (%m)\n",
			err);
		return err;
	}

	timers_init();
	err = link_init(path, node, &handlers);
	if (!err)
		err = referrals_init(timeouts, &events);
	if (!err)
		err = capture_init(capture);
	if (!err)
		err = playback_init();
	if (!err)
		err = livecalls_init();
	if (err)
		warning("sip_refer: cannot be loaded: %m\n", err);

	return err;
}


static int module_init(void)
{
	struct timeouts timeouts = {0};
	bool accept, unsubscribe, capture;
	char path[PATH_SIZE], node[NODE_MAX], releases[256];
	int err;

	err = compat_check(releases, sizeof(releases));
	if (err) {
		warning("sip_refer: cannot be loaded: %s; build it for this "
			"one\n",
			releases);
		return err;
	}

	/* if it is not set, it depends on the far end */
	err = get_seconds(&timeouts.notify, "sip_refer_notify_timeout", 1,
			  TIMEOUT_MAX, 0);
	err |= get_seconds(&timeouts.ringing, "sip_refer_ringing_timeout", 1,
			   TIMEOUT_MAX, RINGING_TIMEOUT);
	err |= get_seconds(&timeouts.retry, "sip_refer_retry_timeout", 0,
			   RETRY_MAX / 1000, RETRY_MAX / 1000);
	err |= get_bool(&unsubscribe, "sip_refer_unsubscribe", false);
	err |= get_bool(&accept, "sip_refer_accept", false);
	err |= get_bool(&capture, "sip_refer_capture", true);
	err |= get_path(path);
	err |= get_node(node);
	if (err || read_profiles())
		return EINVAL;

	timeouts.unsubscribe = unsubscribe ? UNSUBSCRIBE : UNSUBSCRIBE_UNSET;
	decline_init(accept);
	err = module_start(path, node, &timeouts, capture);
	if (err) {
		module_stop();
		return err;
	}

	info("sip_refer: %s: %s; referd at %s\n", node, releases, path);

	return 0;
}


static int module_close(void)
{
	module_stop();

	return 0;
}


EXPORT_SYM __attribute__((visibility("protected")))
const struct direct_export DECL_EXPORTS(sip_refer) = {
	.me = {"sip_refer", DECL_EXPORTS(sip_refer).type, module_init,
	       module_close},
	DIRECT_EXPORT(&direct_node),
};

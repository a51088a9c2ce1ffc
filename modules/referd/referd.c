/**
 * @file referd.c  The control service in baresip's process
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <errno.h>
#include <signal.h>
#include <re.h>
#include "compat.h"
#include "core.h"
#include "directexport.h"
#include "settings.h"


/**
 * @defgroup referd referd
 *
 * Lets WebSocket clients transfer the calls of this baresip, as the daemon
 * referd does for those of many.
 *
 * Configuration options: each option of referd(8), but those that are the
 * daemon's alone; an option --some-thing is a line
 *
 \verbatim
  referd_some_thing          VALUE
 \endverbatim
 */


static struct compat_fd *loop_fd;
static struct tmr again;
static bool pumping;


static void pump(void);


static void log_handler(enum core_level level, const char *line)
{
	switch (level) {

	case CORE_WARNING: warning("referd: %s\n", line); break;
	case CORE_INFO: info("referd: %s\n", line); break;
	case CORE_DEBUG: debug("referd: %s\n", line); break;
	}
}


static void again_handler(void *arg)
{
	(void)arg;

	pump();
}


static void soon_handler(void)
{
	tmr_start(&again, 0, again_handler, NULL);
}


/* SIP and audio come first: work beyond one slice waits for them */
static void pump(void)
{
	if (pumping) {
		soon_handler();
		return;
	}

	pumping = true;
	core_pump();
	pumping = false;
}


static void fd_handler(int flags, void *arg)
{
	(void)flags;
	(void)arg;

	pump();
}


static int reload_handler(struct re_printf *pf, void *unused)
{
	(void)unused;

	core_reload();
	soon_handler();

	return re_hprintf(
		pf,
		"referd reads its files again; its log has their errors\n");
}


static const struct cmd cmdv[] = {
	{"referd_reload", 0, 0,
	 "Read referd's tokens, certificates and routes again",
	 reload_handler},
};


/* libre catches SIGPIPE, for the sake of OpenSSL; without that a client that
   goes could take baresip with it */
static int signals_check(void)
{
	struct sigaction sa;

	if (sigaction(SIGPIPE, NULL, &sa) || sa.sa_handler != SIG_DFL)
		return 0;

	warning("referd: cannot be loaded: this libre was built without TLS, "
		"and SIGPIPE would end baresip\n");

	return ENOTSUP;
}


/* The other module may also be loaded later: then it finds us */
static int find_node(const struct direct_node **nodep)
{
	const void *functions = NULL;
	const char *release;
	int err;

	err = direct_find(&functions, &release, "sip_refer");
	if (err == ENOTSUP) {
		warning("referd: cannot be loaded: sip_refer.so is of release "
			"'%s', this is %s\n",
			release, PROJECT_VERSION);
		return err;
	}

	*nodep = functions;

	return 0;
}


static int start(void)
{
	const struct direct_node *node;
	int err;

	err = find_node(&node);
	if (err)
		return err;

	err = core_open(settings_find, log_handler,
			log_level_get() == LEVEL_DEBUG);
	if (err)
		return err;

	err = compat_fd_listen(&loop_fd, core_fd(), FD_READ, fd_handler, NULL);
	if (!err)
		err = cmd_register(baresip_commands(), cmdv,
				   RE_ARRAY_SIZE(cmdv));
	if (err)
		warning("referd: cannot be loaded: %m\n", err);
	else
		core_link(node, soon_handler);

	return err;
}


/* Safe after a failed start, and twice */
static void stop(void)
{
	cmd_unregister(baresip_commands(), cmdv);
	tmr_cancel(&again);
	loop_fd = mem_deref(loop_fd);
	core_close();
}


static int module_init(void)
{
	char releases[256];
	int err;

	err = compat_check(releases, sizeof(releases));
	if (err) {
		warning("referd: cannot be loaded: %s; build it for this "
			"one\n",
			releases);
		return err;
	}

	err = signals_check();
	if (!err)
		err = settings_open();
	if (!err)
		err = start();
	settings_close();
	if (err) {
		stop();
		return err;
	}

	pump();

	return 0;
}


static int module_close(void)
{
	stop();

	return 0;
}


EXPORT_SYM __attribute__((visibility("protected")))
const struct direct_export DECL_EXPORTS(referd) = {
	.me = {"referd", DECL_EXPORTS(referd).type, module_init, module_close},
	DIRECT_EXPORT(&direct_service),
};

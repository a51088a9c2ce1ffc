/**
 * @file loop.c  The event loop: one of its own, or nested in another
 *
 * libev runs it, because libwebsockets wants one of the loops that it knows.
 * Nested in another loop, that waits for the descriptor of libev's epoll
 * instance and calls loop_pump(); it is not the default loop, which would take
 * the signals of children from the process.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <ev.h>
#include "base.h"
#include "timer.h"


enum {
	ROUNDS_MAX = 8,  /* of a pump */
	PUMP_TIME = 400, /* that a pump may take, or so [us] */
	TURN_TIME = 200, /* ... and a turn that the outer loop's side ends */
};

static struct {
	struct ev_loop *ev;
	loop_turn_h *turn_h;
	ev_prepare prepare; /* before the loop sleeps */
	ev_idle more;       /* while another turn is wanted */
	ev_check check;     /* after it has slept */
	bool again;
	bool news;     /* something has happened in this round */
	bool nested;   /* in another loop */
	bool pumping;  /* loop_pump() is under way */
	int64_t begun; /* the turn, 0 before the first one [us] */
	int64_t end;   /* when it is to leave the rest for later [us] */
} loops;


static int64_t now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static void more_handler(EV_P_ ev_idle *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}


/* Runs before all other handlers of the round: libev passes their changes to
   the kernel in the next round */
static void check_handler(EV_P_ ev_check *w, int revents)
{
	(void)w;
	(void)revents;

	loops.begun = now_us();
	loops.news = ev_pending_count(EV_A) > 0;
}


static void count_turn(void)
{
	if (loops.begun)
		histogram_add(HISTOGRAM_TURN,
			      (double)(now_us() - loops.begun) / 1e6);
}


static void prepare_handler(EV_P_ ev_prepare *w, int revents)
{
	(void)w;
	(void)revents;

	loop_turn();
	count_turn();
	if (loops.again)
		ev_idle_start(EV_A_ & loops.more);
	else
		ev_idle_stop(EV_A_ & loops.more);
}


int loop_init(void)
{
	int err;

	if (loops.ev)
		return 0;

	loops.ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (!loops.ev)
		return ENOMEM;

	ev_idle_init(&loops.more, more_handler);
	ev_check_init(&loops.check, check_handler);
	ev_set_priority(&loops.check, EV_MAXPRI);
	ev_prepare_init(&loops.prepare, prepare_handler);
	ev_prepare_start(loops.ev, &loops.prepare);
	ev_check_start(loops.ev, &loops.check);
	loops.begun = 0;

	err = timers_open();
	if (err)
		loop_close();

	return err;
}


void loop_close(void)
{
	if (!loops.ev)
		return;

	timers_close();
	ev_prepare_stop(loops.ev, &loops.prepare);
	ev_check_stop(loops.ev, &loops.check);
	ev_idle_stop(loops.ev, &loops.more);
	ev_loop_destroy(loops.ev);
	loops.ev = NULL;
	loops.turn_h = NULL;
	loops.again = false;
	loops.nested = false;
}


struct ev_loop *loop_ev(void)
{
	if (!loops.ev)
		(void)loop_init();

	return loops.ev;
}


void loop_on_turn(loop_turn_h *h)
{
	loops.turn_h = h;
}


void loop_again(void)
{
	loops.again = true;
}


bool loop_late(void)
{
	return loops.nested && now_us() >= loops.end;
}


void loop_turn(void)
{
	/* called by the outer loop's side */
	if (!loops.pumping)
		loops.end = now_us() + TURN_TIME;

	loops.again = false;
	if (loops.turn_h)
		loops.turn_h();
	timers_arm();
}


void loop_run(void)
{
	(void)ev_run(loops.ev, 0);
}


void loop_break(void)
{
	ev_break(loops.ev, EVBREAK_ALL);
}


/* libev reveals its descriptor only to a loop that embeds it */
int loop_fd(void)
{
	struct ev_loop *outer = ev_loop_new(EVBACKEND_POLL | EVFLAG_NOENV);
	ev_embed embed;
	int fd;

	if (!outer)
		return -1;

	ev_embed_init(&embed, NULL, loops.ev);
	ev_embed_start(outer, &embed);
	fd = embed.io.fd;
	ev_embed_stop(outer, &embed);
	ev_loop_destroy(outer);

	/* a turn of a nested loop ends in loop_pump() */
	loops.nested = true;
	ev_prepare_stop(loops.ev, &loops.prepare);

	return fd;
}


bool loop_pump(void)
{
	unsigned rounds = 0;

	loops.pumping = true;
	loops.end = now_us() + PUMP_TIME;
	do {
		loops.news = false;
		(void)ev_run(loops.ev, EVRUN_NOWAIT);
		loop_turn();
		count_turn();
	} while (loops.news && ++rounds < ROUNDS_MAX && !loop_late());
	loops.pumping = false;

	return loops.news || loops.again;
}

/**
 * @file rq.c  Requests of one member to another
 *
 * A request without an answer is repeated with the same id.  The other member
 * keeps its answers, so that it does nothing twice.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "bus.h"
#include "fleet.h"
#include "json.h"
#include "members.h"
#include "memo.h"
#include "rq.h"
#include "textcheck.h"


enum {
	TRIES = 4,
	TYPES_MAX = 16,
	ID_MAX = 160,
	MEMBER_MAX = 64,
	ANSWERS_MAX = 16384,
	BODY_MAX = 1 << 20,
};

/* Seconds */
static const double answer_time = 1.;
static const double answers_age = 600.;

struct rq {
	struct rq *next, **link;
	struct bus_request *asked; /* NULL between two tries */
	struct timer timer;        /* fires for what has failed at once */
	struct error f;
	int tries;
	int err;         /* that the timer is to tell */
	unsigned denied; /* of a find: how many do not have it */
	char *member;    /* NULL for all */
	char *boot;      /* of the member, NULL if it is not known */
	char *id;
	char *type;
	char *body;
	rq_done_h *done;
	rq_found_h *found;
	void *arg;
};

static struct {
	struct {
		const char *type;
		rq_h *h;
		bool once; /* the answer is kept */
	} types[TYPES_MAX];
	unsigned typec;
	struct memo *answers; /* by id */
	struct rq *first;
	unsigned long long count;
} rq;


static void destroy(struct rq *r)
{
	bus_cancel(r->asked);
	timer_stop(&r->timer);
	if (r->link)
		*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	free(r->member);
	free(r->boot);
	free(r->id);
	free(r->type);
	free(r->body);
	free(r);
}


/* Reports the result, once */
static void finish(struct rq *r, const struct error *f, const cJSON *answer)
{
	struct error copy;
	rq_done_h *h = r->done;
	void *arg = r->arg;

	if (f)
		copy = *f;
	destroy(r);
	h(f ? &copy : NULL, answer, arg);
}


/* Too early after the start to have seen other members, it is not known that
   none has it */
static void finish_find(struct rq *r, const char *member, const cJSON *answer)
{
	const bool all = r->denied >= members_count();
	rq_found_h *h = r->found;
	void *arg = r->arg;

	destroy(r);
	h(member, answer, all, arg);
}


/* Sets the error for the client if there is no answer */
static void fail(struct rq *r, int err)
{
	struct error f;

	error_init(&f);
	if (err == ENOTCONN)
		(void)error_set(&f, 503, NULL,
				"The member %s cannot be asked: this referd "
				"has no connection to the fleet",
				r->member);
	else if (err == EHOSTUNREACH && r->tries == 1)
		(void)error_set(&f, 503, NULL,
				"The member %s cannot be reached", r->member);
	else if (err == EHOSTUNREACH || err == ETIMEDOUT)
		(void)error_set(&f, 504, NULL,
				"The member %s does not answer; it may still "
				"carry out the request",
				r->member);
	else
		(void)error_set(&f, 500, NULL, "%s", strerror(err));

	log_warning("fleet: %s, %s of %s", f.text, r->type, r->id);
	finish(r, &f, NULL);
}


/* The error of a member, as it set it */
static void read_error(struct error *f, const cJSON *obj, const char *member)
{
	const char *text = field_str(obj, "text");

	error_init(f);
	(void)error_set(f, (int)field_int(obj, "status", 500), NULL, "%s",
			text ? text : "");
	if (!text)
		(void)error_set(f, 500, NULL,
				"The answer of the member %s is not valid",
				member);
	if (field_str(obj, "field"))
		(void)snprintf(f->field, sizeof(f->field), "%s",
			       field_str(obj, "field"));
}


static void take_answer(struct rq *r, const char *text, size_t len)
{
	cJSON *tree = cJSON_ParseWithLength(text, len);
	struct error f;

	if (field_bool(tree, "ok")) {
		finish(r, NULL, tree);
	}
	else {
		read_error(&f, cJSON_GetObjectItemCaseSensitive(tree, "error"),
			   r->member);
		finish(r, &f, NULL);
	}

	cJSON_Delete(tree);
}


static void ask(struct rq *r);


static void answer_handler(int err, const struct fleetbus_news *n, void *arg)
{
	struct rq *r = arg;

	r->asked = NULL;
	if (n)
		take_answer(r, n->data, n->len);
	else if (err == ETIMEDOUT && r->tries < TRIES)
		ask(r);
	else
		fail(r, err);
}


static void print(struct json *j, const struct rq *r)
{
	json_init(j);
	json_open(j, NULL, '{');
	json_str(j, "id", r->id);
	json_str(j, "from", fleet_member());
	json_str(j, "boot", bus_boot());
	json_str(j, "to_boot", r->boot);
	json_int(j, "try", r->tries);
	json_str(j, "type", r->type);
	json_members(j, r->body);
	json_close(j, '}');
}


static void timer_handler(void *arg)
{
	struct rq *r = arg;

	if (r->found)
		finish_find(r, NULL, NULL);
	else
		fail(r, r->err);
}


/* An immediate failure is reported from the loop: the caller is not done yet
 */
static void later(struct rq *r, int err)
{
	r->err = err;
	timer_start(&r->timer, 0.);
}


static void ask(struct rq *r)
{
	char subject[BUS_SUBJECT_SIZE];
	struct json j;
	int err = ENOMEM;

	++r->tries;
	print(&j, r);
	if (json_done(&j))
		err = bus_ask(
			&r->asked,
			bus_subject(subject, sizeof(subject), "rq", r->member),
			NULL, 0, json_done(&j), j.len, answer_time,
			answer_handler, r);
	json_free(&j);
	if (err)
		later(r, err);
}


static int create(struct rq **rp, const char *type, const char *body,
		  void *arg)
{
	struct rq *r = calloc(1, sizeof(*r));
	char id[ID_MAX];
	int err;

	if (!r)
		return ENOMEM;

	timer_init(&r->timer, timer_handler, r);
	r->arg = arg;
	(void)snprintf(id, sizeof(id), "%s.%s.%llu", fleet_member(),
		       bus_boot(), ++rq.count);
	err = field_keep(&r->id, id) | field_keep(&r->type, type) |
	      field_keep(&r->body, body);
	if (err) {
		destroy(r);
		return ENOMEM;
	}

	r->link = &rq.first;
	r->next = rq.first;
	if (r->next)
		r->next->link = &r->next;
	rq.first = r;
	*rp = r;

	return 0;
}


/**
 * Ask a member, again and again if it does not answer
 *
 * @param rp     Pointer to the request, which is gone when the handler is
 *               called; may be NULL
 * @param member Name of the member
 * @param type   Type, as given to rq_serve()
 * @param body   JSON text of an object: the request
 * @param h      Called once, in the loop
 * @param arg    Handler argument
 *
 * @return 0, or ENOMEM
 */
int rq_send(struct rq **rp, const char *member, const char *type,
	    const char *body, rq_done_h *h, void *arg)
{
	const char *boot = members_boot(member);
	struct rq *r;
	int err;

	err = body ? create(&r, type, body, arg) : ENOMEM;
	if (err)
		return err;

	r->done = h;
	err = field_keep(&r->member, member) | field_keep(&r->boot, boot);
	if (err) {
		destroy(r);
		return err;
	}

	/* a silent member would delay the caller for seconds */
	if (boot && !members_reachable(member)) {
		r->tries = 1;
		later(r, EHOSTUNREACH);
	}
	else {
		ask(r);
	}
	if (rp)
		*rp = r;

	return 0;
}


static void find_handler(int err, const struct fleetbus_news *n, void *arg)
{
	struct rq *r = arg;
	const char *member;
	cJSON *tree;
	(void)err;

	if (!n) {
		r->asked = NULL;
		finish_find(r, NULL, NULL);
		return;
	}

	tree = cJSON_ParseWithLength(n->data, n->len);
	member = field_str(tree, "member");
	if (member && field_bool(tree, "have"))
		finish_find(r, member, tree);
	else if (member && ++r->denied >= members_count() && members_count())
		finish_find(r, NULL, NULL);
	cJSON_Delete(tree);
}


/**
 * Ask all members which of them has something
 *
 * @param rp   Pointer to the request, which is gone when the handler is
 *             called; may be NULL
 * @param body JSON text of an object: what to find
 * @param h    Called once, in the loop, with the first that has it, or when
 *             all have said that they do not, or after a second
 * @param arg  Handler argument
 *
 * @return 0, ENOMEM, or ENOTCONN
 */
int rq_find(struct rq **rp, const char *body, rq_found_h *h, void *arg)
{
	char subject[BUS_SUBJECT_SIZE];
	struct json j;
	struct rq *r;
	int err;

	err = body ? create(&r, "find", body, arg) : ENOMEM;
	if (err)
		return err;

	r->found = h;
	r->tries = 1;
	print(&j, r);
	err = json_done(&j) ? bus_ask_all(&r->asked,
					  bus_subject(subject, sizeof(subject),
						      "find", NULL),
					  json_done(&j), j.len, answer_time,
					  find_handler, r)
			    : ENOMEM;
	json_free(&j);
	if (err)
		destroy(r);
	else if (rp)
		*rp = r;

	return err;
}


/**
 * Have no handler called; a member may do it nevertheless
 *
 * @param r Request that is under way, may be NULL
 */
void rq_cancel(struct rq *r)
{
	if (r)
		destroy(r);
}


/**
 * Set the handler of a type of requests
 *
 * @param type Type
 * @param h    Does it
 * @param once True if it must not be done twice
 *
 * @return 0, or ENOMEM if there are too many
 */
int rq_serve(const char *type, rq_h *h, bool once)
{
	if (rq.typec == TYPES_MAX)
		return ENOMEM;

	rq.types[rq.typec].type = type;
	rq.types[rq.typec].h = h;
	rq.types[rq.typec].once = once;
	++rq.typec;

	return 0;
}


static void print_error(struct json *j, const struct error *f)
{
	json_open(j, "error", '{');
	json_int(j, "status", f->status);
	json_str(j, "text", f->text);
	if (*f->field)
		json_str(j, "field", f->field);
	json_close(j, '}');
}


/* Names must fit into subjects, and not be ours */
static bool is_member(const char *name)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return name && *name && strlen(name) <= MEMBER_MAX &&
	       strspn(name, ok) == strlen(name) &&
	       strcmp(name, fleet_member());
}


/* A request from before a restart may have been carried out then */
static bool is_stale(const cJSON *tree)
{
	const char *boot = field_str(tree, "to_boot");

	return boot && field_int(tree, "try", 1) > 1 &&
	       strcmp(boot, bus_boot());
}


static int serve(const cJSON *tree, struct json *answer, struct error *f,
		 bool *oncep)
{
	const char *type = field_str(tree, "type");
	const char *from = field_str(tree, "from");

	for (unsigned i = 0; type && i < rq.typec; i++) {
		if (strcmp(rq.types[i].type, type))
			continue;

		*oncep = rq.types[i].once;
		if (*oncep && is_stale(tree))
			return error_set(f, 504, NULL,
					 "The member %s has restarted; it may "
					 "already have carried out the "
					 "request",
					 fleet_member());

		return rq.types[i].h(tree, from, answer, f);
	}

	return error_set(f, 400, "type",
			 "is not a request that the member %s knows",
			 fleet_member());
}


static void reply(const char *subject, const char *text)
{
	if (text)
		(void)bus_send(subject, NULL, NULL, 0, text, strlen(text));
	else
		log_error("fleet: a member gets no answer: out of memory");
}


static void handle(const cJSON *tree, const char *id, const char *subject)
{
	struct json j, refusal;
	struct error f;
	bool once = false;
	int err;

	json_init(&j);
	json_init(&refusal);
	error_init(&f);
	json_open(&j, NULL, '{');
	json_bool(&j, "ok", true);
	err = serve(tree, &j, &f, &once);
	json_close(&j, '}');

	if (err) {
		if (err != EBADMSG)
			(void)error_set(&f, 500, NULL, "%s", strerror(err));
		json_open(&refusal, NULL, '{');
		print_error(&refusal, &f);
		json_close(&refusal, '}');
	}

	if (once && json_done(err ? &refusal : &j))
		memo_put(rq.answers, id, json_done(err ? &refusal : &j));
	reply(subject, json_done(err ? &refusal : &j));
	json_free(&j);
	json_free(&refusal);
}


/* Only members count: any user may send to the stream */
static void message_handler(const struct fleetbus_news *n, void *arg)
{
	const char *id, *before;
	cJSON *tree;
	(void)arg;

	if (n->is_js || n->status || !n->reply || n->len > BODY_MAX ||
	    !utf8_valid(n->data, n->len))
		return;

	tree = cJSON_ParseWithLength(n->data, n->len);
	id = field_str(tree, "id");
	if (!id || strlen(id) > ID_MAX || !is_member(field_str(tree, "from")))
		goto out;

	before = memo_get(rq.answers, id);
	if (before)
		reply(n->reply, before);
	else
		handle(tree, id, n->reply);

out:
	cJSON_Delete(tree);
}


/**
 * Begin to hear what members ask
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int rq_start(const struct fleet_config *c)
{
	char subject[BUS_SUBJECT_SIZE];
	int err;
	(void)c;

	err = memo_create(&rq.answers, ANSWERS_MAX, answers_age);
	if (!err)
		err = bus_listen(bus_subject(subject, sizeof(subject), "rq",
					     fleet_member()),
				 message_handler, NULL);
	if (!err)
		err = bus_listen(
			bus_subject(subject, sizeof(subject), "find", NULL),
			message_handler, NULL);

	return err;
}


/**
 * Ask and answer no more; no handler is called
 */
void rq_stop(void)
{
	while (rq.first)
		destroy(rq.first);

	memo_destroy(rq.answers);
	rq.answers = NULL;
	rq.typec = 0;
}

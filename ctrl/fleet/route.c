/**
 * @file route.c  The way of a message to the member that has its call
 *
 * A client talks to any member.  Its messages about a call at another member
 * go to that member, and the replies come back from there.  Roles and tokens
 * have been checked before.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "calls/calls.h"
#include "deliver.h"
#include "fleet.h"
#include "json.h"
#include "members.h"
#include "memo.h"
#include "nodes/nodes.h"
#include "route.h"
#include "rq.h"
#include "stream/stream.h"
#include "view.h"


enum { JOBS_MAX = 4096, OWNERS_MAX = 16384 };

static const double owners_age = 3600.; /* [s] */

/* The call of a GET, which is no errand */
static const char get_type[] = "call";

/* ... and the SIP messages of a transfer */
static const char capture_type[] = "capture";

struct job {
	struct job *next, **link;
	struct sender *sender;
	const char *type;
	char *call_sid; /* may be NULL */
	char *msgid;    /* of the hook that it answers, may be NULL */
	char *member;   /* NULL until it is known */
	char *text;     /* may be NULL */
	struct error f; /* what is wrong if nobody has it */
	struct rq *rq;  /* NULL while it waits for another of its sender */
};

static struct {
	struct job *head, **tail;
	unsigned count;
	struct memo *owners; /* of calls, as they were found */
} jobs;


static void start(struct job *job);


static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}


/* The messages of a sender about a call arrive in their order */
static bool is_behind(const struct job *job, const struct job *first)
{
	return same(job->sender->name, first->sender->name) &&
	       same(job->call_sid, first->call_sid) &&
	       same(job->msgid, first->msgid);
}


static struct job *find_behind(const struct job *first)
{
	for (struct job *job = first->next; job; job = job->next) {
		if (is_behind(job, first))
			return job;
	}

	return NULL;
}


static bool has_to_wait(const struct job *job)
{
	for (const struct job *j = jobs.head; j && j != job; j = j->next) {
		if (is_behind(job, j))
			return true;
	}

	return false;
}


static void destroy(struct job *job)
{
	rq_cancel(job->rq);
	*job->link = job->next;
	if (job->next)
		job->next->link = job->link;
	else
		jobs.tail = job->link;
	--jobs.count;
	free(job->sender);
	free(job->call_sid);
	free(job->msgid);
	free(job->member);
	free(job->text);
	free(job);
}


/* It has arrived, or never will */
static void finish(struct job *job)
{
	struct job *behind = find_behind(job);

	destroy(job);
	if (behind)
		start(behind);
}


static void refuse(struct job *job, const struct error *f)
{
	struct error copy = *f;

	if (job->sender->msgid)
		(void)snprintf(copy.ref, sizeof(copy.ref), "%s",
			       job->sender->msgid);
	reply_error(job->sender, &copy, job->call_sid);
	finish(job);
}


static void done_handler(const struct error *f, const struct cJSON *answer,
			 void *arg)
{
	struct job *job = arg;
	(void)answer;

	job->rq = NULL;
	if (f)
		refuse(job, f);
	else
		finish(job);
}


static void print_sender(struct json *j, const struct sender *s)
{
	trace_print(j, s->trace);
	if (s->kind == SENDER_HTTP) {
		json_str(j, "http", s->name);
		return;
	}

	json_open(j, "client", '{');
	json_str(j, "name", s->name);
	json_str(j, "badge", s->badge);
	json_bool(j, "jambonz", s->dialect == DIALECT_JAMBONZ);
	json_close(j, '}');
}


static void send_on(struct job *job)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	print_sender(&j, job->sender);
	json_str(&j, "call_sid", job->call_sid);
	json_str(&j, "text", job->text);
	json_close(&j, '}');

	log_info("fleet: %s: %s of %s goes to member %s",
		 job->call_sid ? job->call_sid : "a call", job->type,
		 job->sender->name, job->member);
	if (rq_send(&job->rq, job->member, job->type, json_done(&j),
		    done_handler, job)) {
		struct error f;

		error_init(&f);
		(void)error_set(&f, 500, NULL, "%s", strerror(ENOMEM));
		json_free(&j);
		refuse(job, &f);
		return;
	}

	json_free(&j);
}


/* One that does not answer may have it */
static void refuse_unknown(struct job *job, const char *why, int status)
{
	struct error f = job->f;

	(void)error_set(&f, status, NULL, "%.200s; %s", job->f.text, why);
	(void)snprintf(f.field, sizeof(f.field), "%s", job->f.field);
	refuse(job, &f);
}


static void found_handler(const char *member, const struct cJSON *answer,
			  bool all, void *arg)
{
	struct job *job = arg;
	(void)answer;

	job->rq = NULL;
	if (!member && all) {
		refuse(job, &job->f);
	}
	else if (!member) {
		refuse_unknown(job, "some members of the fleet do not answer",
			       504);
	}
	else if (field_keep(&job->member, member)) {
		refuse(job, &job->f);
	}
	else {
		if (job->call_sid)
			memo_put(jobs.owners, job->call_sid, member);
		send_on(job);
	}
}


static int find(struct job *job)
{
	struct json j;
	int err;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "call_sid", job->call_sid);
	json_str(&j, "msgid", job->msgid);
	if (job->msgid)
		json_str(&j, "awaits", job->sender->name);
	json_close(&j, '}');
	err = rq_find(&job->rq, json_done(&j), found_handler, job);
	json_free(&j);

	return err;
}


/* The first known owner of the call or hook; NULL to ask all members */
static const char *owner_of(const struct job *job)
{
	const char *owner = NULL;

	if (job->msgid)
		owner = deliver_owner(job->msgid);
	if (!owner && job->call_sid)
		owner = view_owner(job->call_sid);
	if (!owner && job->call_sid)
		owner = memo_get(jobs.owners, job->call_sid);

	return owner && strcmp(owner, fleet_member()) ? owner : NULL;
}


static void start(struct job *job)
{
	const char *owner = job->member ? job->member : owner_of(job);

	if (owner && (job->member || !field_keep(&job->member, owner))) {
		send_on(job);
		return;
	}

	if (find(job))
		refuse_unknown(job,
			       "this member has no connection to the fleet "
			       "and cannot ask the others",
			       503);
}


static int create(struct job **jobp, const struct sender *sender,
		  const char *type)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return ENOMEM;

	if (sender_copy(&job->sender, sender) || !job->sender) {
		free(job);
		return ENOMEM;
	}

	job->type = type;
	job->link = jobs.tail;
	*jobs.tail = job;
	jobs.tail = &job->next;
	++jobs.count;
	*jobp = job;

	return 0;
}


/* The member with the call checks a message again */
static const char *type_of(const struct errand *e)
{
	switch (e->kind) {
	case ERRAND_VERBS: return "verbs";
	case ERRAND_DIAL: return "dial";
	case ERRAND_MESSAGE: break;
	}

	return "message";
}


/**
 * Send a message to the member that has its call
 *
 * @param e      Message
 * @param member Name of the member, NULL if it is not known
 * @param f      The error if no member has it
 *
 * @return 0, ENOMEM, or ENOBUFS if too many are on their way
 */
int route_add(const struct errand *e, const char *member,
	      const struct error *f)
{
	struct sender sender = *e->sender;
	struct job *job;
	int err;

	if (jobs.count >= JOBS_MAX)
		return ENOBUFS;

	if (*f->ref)
		sender.msgid = f->ref;
	if (*f->trace)
		sender.trace = f->trace;
	err = create(&job, &sender, type_of(e));
	if (err)
		return err;

	job->f = *f;
	job->text = strndup(e->text, e->len);
	err = job->text ? 0 : ENOMEM;
	err |= field_keep(&job->call_sid, e->call_sid);
	err |= field_keep(&job->msgid, e->msgid);
	err |= field_keep(&job->member, member);
	if (err) {
		destroy(job);
		return ENOMEM;
	}

	if (!has_to_wait(job))
		start(job);

	return 0;
}


/* A dial: the member that is to do it, NULL for ourselves */
static int pick(const char **memberp, const struct errand *e,
		struct error *why)
{
	const char *member;

	if (e->node)
		member = roster_pick(e->node) ? NULL : members_node(e->node);
	else if (e->label)
		member = members_label(e->label);
	else
		member = members_least();

	if (e->label && !member)
		return error_set(why, 503, "label",
				 "names no member that can dial now");

	*memberp = member && strcmp(member, fleet_member()) ? member : NULL;

	return 0;
}


static int refuse_label(const struct errand *e, struct error *why)
{
	return e->label ? error_set(why, 400, "label",
				    "must be left out: this referd is not a "
				    "member of a fleet (%s)",
				    option_shown("fleet"))
			: ENOENT;
}


int fleet_elsewhere(const struct errand *e, const struct error *f,
		    struct error *why)
{
	const char *member = NULL;
	int err = 0;

	if (!fleet_on())
		return refuse_label(e, why);

	/* it has found its way already */
	if (served_foreign())
		return ENOENT;

	if (e->kind == ERRAND_DIAL) {
		err = pick(&member, e, why);
		if (!err && !member)
			return ENOENT;
	}
	if (!err)
		err = route_add(e, member, f);
	if (err == ENOBUFS)
		err = error_set(why, 503, NULL,
				"Too many messages wait for other members of "
				"the fleet");

	return err;
}


int fleet_get(const char *request, const char *call_sid)
{
	const struct sender sender = {.kind = SENDER_HTTP, .name = request};
	struct job *job;

	if (!fleet_on() || jobs.count >= JOBS_MAX ||
	    create(&job, &sender, get_type))
		return ENOENT;

	error_init(&job->f);
	(void)session_missing(&job->f, NULL, call_sid);
	if (field_keep(&job->call_sid, call_sid)) {
		destroy(job);
		return ENOENT;
	}

	start(job);

	return 0;
}


/**
 * Ask a member for the SIP messages of a transfer
 *
 * @param request     Name of the HTTP request that is to be answered
 * @param member      Name of the member
 * @param transfer_id The transfer
 *
 * @return 0, ENOMEM, or ENOBUFS if too much is on its way
 */
int route_capture(const char *request, const char *member,
		  const char *transfer_id)
{
	const struct sender sender = {.kind = SENDER_HTTP, .name = request};
	struct job *job;

	if (jobs.count >= JOBS_MAX)
		return ENOBUFS;
	if (create(&job, &sender, capture_type))
		return ENOMEM;

	error_init(&job->f);
	job->text = strdup(transfer_id);
	if (!job->text || field_keep(&job->member, member)) {
		destroy(job);
		return ENOMEM;
	}

	start(job);

	return 0;
}


/**
 * Begin to take messages
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int route_start(const struct fleet_config *c)
{
	(void)c;
	jobs.head = NULL;
	jobs.tail = &jobs.head;

	return memo_create(&jobs.owners, OWNERS_MAX, owners_age);
}


/**
 * Give up those that are on their way
 */
void route_stop(void)
{
	while (jobs.head)
		destroy(jobs.head);
	memo_destroy(jobs.owners);
	jobs.owners = NULL;
}

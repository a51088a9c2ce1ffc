/**
 * @file capture.c  The SIP messages of transfers, byte for byte
 *
 * The messages that set up a call are kept while the call lives: the capture
 * of a transfer begins with them. From the start of a transfer on, each
 * message of its call is reported. Reports are delayed and have several
 * messages each, because each report costs time.
 *
 * A call is watched while its far end waits for the target of a transfer that
 * sends its REFER later, or never. Then all its messages are kept until one of
 * both is known.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "json.h"
#include "linkreport.h"
#include "host/host.h"
#include "link/link.h"
#include "text/text.h"
#include "capture.h"
#include "packet.h"
#include "referral.h"
#include "transfer.h"


enum {
	HASH_SIZE = 256,
	KEPT_MAX = 16,          /* messages that make a call         */
	KEPT_BYTES_MAX = 65536, /* ... and what they take [bytes]    */
	WAITING_MAX = 16 << 20, /* those of all calls [bytes]        */
	COUNT_MAX = 256,        /* messages of a transfer            */
	BYTES_MAX = 512 << 10,  /* ... and their size [bytes]        */
	FLUSH_TIME = 500,       /* from a message to its report [ms] */
	FLUSH_BYTES = 30000,    /* that wait no longer               */
	PACKETS_MAX = 60000,    /* in one report, as JSON [bytes]    */
	LINGER = 32000,         /* 64*T1, behind the end [ms]        */
	OVER = 64000,           /* behind the end of the call [ms]   */
	UNAUTHORIZED = 401,
	PROXY_UNAUTHORIZED = 407,
};

/** The messages of a call */
struct capture {
	struct le he; /**< By Call-ID                          */
	struct le le; /**< Among those without a transfer      */
	char *call_id;
	char *other_id;      /**< Of the other call of the transfer */
	char *call_sid;      /**< Of the call that is transferred   */
	char id[17];         /**< transfer_id, "" while none began  */
	struct list kept;    /**< Messages that set up the call     */
	struct list pending; /**< Messages not reported yet         */
	size_t kept_bytes;   /**< Size of kept                      */
	size_t pending_bytes;
	unsigned count; /**< Messages of the transfer, or kept */
	size_t bytes;   /**< Their size                        */
	uint64_t ended; /**< See deadline_now(), 0: not yet    */
	bool up;        /**< The call has had its ACK          */
	bool watched;   /**< All messages are kept             */
	bool partial;   /**< kept lacks some of them           */
	bool gap;       /**< The next message is to say so     */
	bool told;      /**< referd knows of the transfer      */
	bool again;     /**< kept is to be reported            */
	bool asked;     /**< The REFER was seen                */
	struct deadline flush;
	struct deadline over;
};

static struct {
	struct hash *ht;
	struct list waiting; /* that have no transfer */
	size_t bytes;        /* that those take       */
} captures;


static void unlink_waiting(struct capture *c)
{
	if (c->le.list)
		captures.bytes -= c->kept_bytes + c->pending_bytes;
	list_unlink(&c->le);
}


static void destructor(void *arg)
{
	struct capture *c = arg;

	deadline_cancel(&c->flush);
	deadline_cancel(&c->over);
	unlink_waiting(c);
	hash_unlink(&c->he);
	list_flush(&c->kept);
	list_flush(&c->pending);
	mem_deref(c->call_id);
	mem_deref(c->other_id);
	mem_deref(c->call_sid);
}


static bool cmp_handler(struct le *le, void *arg)
{
	const struct capture *c = le->data;

	return !pl_strcmp(arg, c->call_id);
}


static struct capture *find(const struct pl *call_id)
{
	return list_ledata(hash_lookup(captures.ht, hash_joaat_pl(call_id),
				       cmp_handler, (void *)call_id));
}


static struct capture *find_str(const char *call_id)
{
	struct pl pl;

	if (!captures.ht || !call_id)
		return NULL;

	pl_set_str(&pl, call_id);

	return find(&pl);
}


/* Drop the setup messages of the oldest calls */
static void make_room(void)
{
	while (captures.bytes > WAITING_MAX)
		mem_deref(list_ledata(list_head(&captures.waiting)));
}


static struct capture *add(const struct pl *call_id)
{
	struct capture *c;

	c = mem_zalloc(sizeof(*c), destructor);
	if (!c)
		return NULL;

	if (pl_strdup(&c->call_id, call_id))
		return mem_deref(c);

	hash_append(captures.ht, hash_joaat_pl(call_id), &c->he, c);
	list_append(&captures.waiting, &c->le, c);

	return c;
}


/* That of a call which is there already lacks what made the call */
static struct capture *get(const char *call_id, bool begun)
{
	struct capture *c;
	struct pl pl;

	pl_set_str(&pl, call_id);
	c = find(&pl);
	if (c)
		return c;

	c = add(&pl);
	if (c)
		c->partial = c->gap = begun;

	return c;
}


static void report(const struct capture *c, const char *id, struct json *j)
{
	json_close(j, ']');
	if (json_done(j))
		link_report_step(&(struct report){
			.kind = REPORT_CAPTURE,
			.call_sid = c->call_sid,
			.transfer_id = id,
			.packets = json_done(j),
		});
	json_free(j);
}


/** A report in the making */
struct page {
	const struct capture *c;
	const char *id;
	struct json j;
	bool open;
};


static void page_end(struct page *page)
{
	if (page->open)
		report(page->c, page->id, &page->j);
	page->open = false;
}


static void page_begin(struct page *page, const char *id)
{
	if (page->open && !strcmp(page->id, id))
		return;

	page_end(page);
	page->open = true;
	page->id = id;
	json_init(&page->j);
	json_open(&page->j, NULL, '[');
}


/* Each report has at least one entry, and at most as many as fit */
static void page_add(struct page *page, const char *id, const struct packet *p)
{
	size_t pos = 0;

	do {
		struct json entry;

		json_init(&entry);
		json_open(&entry, NULL, '[');
		pos = packet_print(&entry, p, pos);
		if (!json_done(&entry)) {
			json_free(&entry);
			return;
		}

		if (page->open && page->j.len + entry.len > PACKETS_MAX)
			page_end(page);
		page_begin(page, id);
		json_raw(&page->j, NULL, json_done(&entry) + 1);
		json_free(&entry);
	} while (pos < p->len);
}


static void flush(struct capture *c)
{
	struct page page = {.c = c};
	struct le *le;

	deadline_cancel(&c->flush);
	for (le = c->again ? list_head(&c->kept) : NULL; le; le = le->next)
		page_add(&page, c->id, le->data);
	c->again = false;

	for (le = list_head(&c->pending); le; le = le->next) {

		const struct packet *p = le->data;

		page_add(&page, p->owner, p);
	}
	page_end(&page);

	list_flush(&c->pending);
	c->pending_bytes = 0;
}


static void flush_handler(void *arg)
{
	flush(arg);
}


static void flush_soon(struct capture *c)
{
	if (!c->told)
		return;

	if (c->pending_bytes > FLUSH_BYTES)
		flush(c);
	else if (!deadline_runs(&c->flush))
		deadline_start(&c->flush, FLUSH_TIME, flush_handler, c);
}


static bool is_kept(const struct capture *c, const struct rawsip *raw)
{
	return !c->up && !*c->id && pl_strcasecmp(&raw->met, "BYE");
}


/* 401 and 407 are answered by another INVITE */
static bool is_refusal(const struct rawsip *raw)
{
	return raw->scode >= 300 && raw->scode != UNAUTHORIZED &&
	       raw->scode != PROXY_UNAUTHORIZED &&
	       !pl_strcmp(&raw->met, "INVITE");
}


static void keep(struct capture *c, const struct traced *t,
		 const struct rawsip *raw)
{
	struct packet *p;

	if (!raw->scode && !pl_strcmp(&raw->met, "ACK"))
		c->up = true;

	if (list_count(&c->kept) >= KEPT_MAX ||
	    c->kept_bytes + t->len > KEPT_BYTES_MAX)
		p = NULL;
	else
		p = packet_alloc(t, raw);
	if (!p) {
		c->partial = c->gap = true;
		return;
	}

	++c->count;
	c->bytes += p->len;
	list_append(&c->kept, &p->le, p);
	c->kept_bytes += packet_size(p);
	captures.bytes += packet_size(p);
}


/* After its end, a transfer only needs messages that may still belong to it */
static bool is_wanted(const struct capture *c, const struct rawsip *raw)
{
	if (!c->ended || deadline_now() - c->ended < LINGER)
		return true;

	return !pl_strcmp(&raw->met, "NOTIFY") || !pl_strcmp(&raw->met, "BYE");
}


static bool is_full(const struct capture *c)
{
	return c->count >= COUNT_MAX || c->bytes > BYTES_MAX;
}


static void take(struct capture *c, const struct traced *t,
		 const struct rawsip *raw)
{
	struct packet *p;

	if (is_full(c) || !is_wanted(c, raw))
		return;

	p = packet_alloc(t, raw);
	if (!p) {
		c->gap = true;
		return;
	}

	++c->count;
	c->bytes += p->len;
	p->last = is_full(c);
	p->gap = c->gap;
	c->gap = false;
	str_ncpy(p->owner, c->id, sizeof(p->owner));
	if (!c->asked && p->sent && !p->scode && !strcmp(p->met, "REFER")) {
		c->asked = true;
		p->step = "requested";
	}

	list_append(&c->pending, &p->le, p);
	c->pending_bytes += packet_size(p);
	if (c->le.list)
		captures.bytes += packet_size(p);
	flush_soon(c);
}


void capture_take(const struct traced *t)
{
	struct rawsip raw;
	struct capture *c;

	if (!captures.ht || rawsip_read(&raw, t->pkt, t->len))
		return;

	make_room();
	c = find(&raw.call_id);
	if (!c && !raw.scode && !raw.in_dialog &&
	    !pl_strcmp(&raw.met, "INVITE"))
		c = add(&raw.call_id);
	if (!c)
		return;

	if (is_kept(c, &raw))
		keep(c, t, &raw);
	else if (*c->id || c->watched)
		take(c, t, &raw);

	if (!*c->id && !c->watched && !c->up && is_refusal(&raw))
		mem_deref(c);
}


static const char *call_id_of(const struct referral *r)
{
	return sip_dialog_callid(r->dlg->dlg);
}


/* Only what set up the call is left */
static void reset(struct capture *c)
{
	const struct le *le;

	if (c->le.list)
		captures.bytes -= c->pending_bytes;
	list_flush(&c->pending);
	c->pending_bytes = 0;
	c->id[0] = '\0';
	c->told = c->asked = c->watched = false;
	c->gap = c->partial;
	c->ended = 0;
	c->count = list_count(&c->kept);
	c->bytes = 0;
	for (le = list_head(&c->kept); le; le = le->next)
		c->bytes += ((const struct packet *)le->data)->len;
}


/* The transfer before, if there is one, has had its messages */
static void leave(struct capture *c)
{
	if (!*c->id)
		return;

	flush(c);
	reset(c);
}


/* Each transfer of the call gets the messages that set up the call */
static void begin(struct capture *c, const char *id, const char *call_sid)
{
	struct le *le;

	leave(c);
	unlink_waiting(c);
	deadline_cancel(&c->over);
	c->call_sid = mem_deref(c->call_sid);
	if (str_dup(&c->call_sid, call_sid))
		return;

	str_ncpy(c->id, id, sizeof(c->id));
	c->again = true;
	c->watched = false;
	for (le = list_head(&c->pending); le; le = le->next) {

		struct packet *p = le->data;

		if (!*p->owner)
			str_ncpy(p->owner, c->id, sizeof(p->owner));
	}
}


/**
 * Begin a transfer: from now on the messages of its call belong to it
 *
 * @param r        Transfer
 * @param call_sid Its call
 * @param other_id Call-ID of the call that its target is in, NULL if there is
 *                 none
 */
void capture_begin(const struct referral *r, const char *call_sid,
		   const char *other_id)
{
	struct capture *c, *other = find_str(other_id);

	if (!captures.ht)
		return;

	c = get(call_id_of(r), true);
	if (!c)
		return;

	begin(c, r->id, call_sid);
	c->other_id = mem_deref(c->other_id);
	if (other && other != c && !str_dup(&c->other_id, other_id))
		begin(other, r->id, call_sid);
}


void capture_watch(const char *call_id, bool begun)
{
	struct capture *c;

	if (!captures.ht || !call_id)
		return;

	c = get(call_id, begun);
	if (!c)
		return;

	leave(c);
	c->watched = true;
	if (c->le.list)
		return;

	list_append(&captures.waiting, &c->le, c);
	captures.bytes += c->kept_bytes;
}


void capture_unwatch(const char *call_id)
{
	struct capture *c = find_str(call_id);

	if (c && c->watched)
		reset(c);
}


/* It ends with this message */
static void mark_refusal(struct capture *c)
{
	struct le *le;

	for (le = list_tail(&c->kept); le; le = le->prev) {

		struct packet *p = le->data;

		if (p->scode >= 300 && !strcmp(p->met, "INVITE")) {
			p->step = "ended";
			return;
		}
	}
}


static void miss(struct capture *c, const char *id, const char *call_sid)
{
	if (!c)
		return;

	begin(c, id, call_sid);
	c->told = true;
	c->ended = deadline_now();
	flush_soon(c);
}


void capture_missed(const char *id, const char *call_sid, const char *call_id,
		    const char *other_id)
{
	struct capture *other = find_str(other_id);

	/* a REFER has told of it */
	if (!other || *other->id)
		return;

	mark_refusal(other);
	miss(other, id, call_sid);
	miss(find_str(call_id), id, call_sid);
}


static void tell(struct capture *c, const struct referral *r)
{
	if (!c || strcmp(c->id, r->id))
		return;

	c->told = true;
	flush_soon(c);
}


/**
 * Note that referd knows of a transfer: its messages may follow
 *
 * @param r Transfer
 */
void capture_told(const struct referral *r)
{
	struct capture *c = find_str(call_id_of(r));

	if (!c)
		return;

	tell(c, r);
	tell(find_str(c->other_id), r);
}


/**
 * Note that a received message has become a step of a transfer: the latest of
 * its kind that is not a step yet
 *
 * @param r        Transfer
 * @param step     Name of the step, a constant
 * @param met      Method of its CSeq, NULL if no message made the step
 * @param response True if it is a response
 */
void capture_step(const struct referral *r, const char *step, const char *met,
		  bool response)
{
	struct capture *c = find_str(call_id_of(r));
	struct le *le;

	if (!c)
		return;

	if (!strcmp(step, "ended") && !strcmp(c->id, r->id))
		c->ended = deadline_now();

	for (le = met ? list_tail(&c->pending) : NULL; le; le = le->prev) {

		struct packet *p = le->data;

		if (p->sent || p->step || response != (p->scode != 0) ||
		    strcmp(p->met, met))
			continue;

		p->step = step;
		str_ncpy(p->owner, r->id, sizeof(p->owner));
		return;
	}
}


static void over_handler(void *arg)
{
	struct capture *c = arg;

	if (c->told)
		flush(c);
	mem_deref(c);
}


void capture_call_closed(const char *call_id)
{
	struct capture *c = find_str(call_id);

	if (!c)
		return;

	if (*c->id)
		deadline_start(&c->over, OVER, over_handler, c);
	else
		mem_deref(c);
}


int capture_init(bool on)
{
	return on ? hash_alloc(&captures.ht, HASH_SIZE) : 0;
}


static bool close_handler(struct le *le, void *arg)
{
	struct capture *c = le->data;
	(void)arg;

	if (*c->id && c->told)
		flush(c);

	return false;
}


void capture_close(void)
{
	if (!captures.ht)
		return;

	(void)hash_apply(captures.ht, close_handler, NULL);
	hash_flush(captures.ht);
	captures.ht = mem_deref(captures.ht);
	json_forget();
}

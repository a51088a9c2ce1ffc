/**
 * @file far.h  The far end of many calls, over UDP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

enum {
	LEG_PENDING = 2048, /* bytes of a request that waits for its answer */
};

enum leg_event {
	LEG_INVITED, /* a call that the other side makes came in */
	LEG_UP,      /* the call is answered */
	LEG_REFER,   /* a REFER came, and is not answered yet */
	LEG_FINAL,   /* the NOTIFY 200 was sent */
	LEG_OVER,    /* a BYE came, or one was answered */
	LEG_FAILED,  /* the call was refused, or not answered */
};

enum leg_state {
	LEG_IDLE,
	LEG_CALLING,
	LEG_TALKING,
	LEG_REFERRED,
	LEG_ENDED,
};

struct far;

/* One call. All times in ns of the monotonic clock */
struct leg {
	struct far *far;
	unsigned index;
	unsigned generation;
	enum leg_state state;
	struct sockaddr_in peer;
	char call_id[64];
	char local[192];  /* our From or To, with our tag */
	char remote[192]; /* the other */
	char target[192]; /* the peer's Contact */
	unsigned cseq;
	unsigned notify; /* the next of the NOTIFYs */
	uint64_t refer_time;
	uint64_t final_time;

	char refer_branch[64];

	char pending[LEG_PENDING];
	size_t pending_len;
	uint64_t resend_time;
	unsigned resends;
};

typedef void(leg_h)(struct leg *leg, enum leg_event event, void *arg);

struct far_count {
	unsigned refers;  /* that came again */
	unsigned resends; /* of our own requests */
};

int far_open(struct far **farp, const struct sockaddr_in *local, unsigned legs,
	     leg_h *handler, void *arg);
void *far_close(struct far *far);
int far_fd(const struct far *far);
void far_read(struct far *far);
void far_resend(struct far *far);
struct leg *far_leg(struct far *far, unsigned index);
struct leg *far_find(struct far *far, const char *call_id, size_t len);
const struct far_count *far_counts(const struct far *far);

int leg_call(struct leg *leg, const struct sockaddr_in *peer,
	     const char *user);
void leg_bye(struct leg *leg);

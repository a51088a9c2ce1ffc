/**
 * @file control.h  The receiver of a transfer request: referd, or one of its
 * peers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

enum {
	CONTROL_GATEWAYS = 8,
};

enum control_event {
	CONTROL_READY, /* it is there; with no call */
	CONTROL_UP,    /* it has told that the call is answered */
	CONTROL_DONE,  /* and that it was transferred */
	CONTROL_FAILED,
};

struct control;
struct far;
struct leg;

typedef void(control_h)(struct control *c, enum control_event event,
			struct leg *leg, void *arg);

struct control_type {
	const char *name;
	int (*open)(struct control *c);
	int (*fd)(const struct control *c);
	int (*read)(struct control *c);
	int (*transfer)(struct control *c, struct leg *leg);

	/* how a call comes about, where the far end can't make it */
	int (*call)(struct control *c, unsigned index);
	void (*close)(struct control *c);
};

struct control {
	const struct control_type *type;
	struct far *far;
	struct sockaddr_in address; /* of its control */
	struct sockaddr_in gateways[CONTROL_GATEWAYS];
	unsigned gateway_count;
	unsigned legs;  /* of the far end */
	unsigned calls; /* of these for this control, at most */
	control_h *handler;
	void *arg;
	void *data; /* its type's own */
};

extern const struct control_type control_referd;
extern const struct control_type control_embedded;
extern const struct control_type control_tcp;
extern const struct control_type control_tcp_plain;
extern const struct control_type control_tcp_relay;
extern const struct control_type control_janus;
extern const struct control_type control_asterisk;

const struct control_type *control_type_find(const char *name);
int control_connect(const struct control *c, int *fdp);
int control_text(const char *text, size_t len, const char *name,
		 const char **valuep, size_t *sizep);

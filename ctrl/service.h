/**
 * @file service.h  The rooms of the service, from the lowest to the highest
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SERVICE_H
#define SERVICE_H

struct config;

/* The parts of the service to start.  The whole service has clients; a test
   may start less. */
enum {
	SERVICE_STORE = 1 << 0,  /* what is on disk */
	SERVICE_ROOMS = 1 << 1,  /* the rooms, empty */
	SERVICE_PAST = 1 << 2,   /* what the store has goes into the rooms */
	SERVICE_TURN = 1 << 3,   /* each turn of the loop ends in a commit */
	SERVICE_LISTEN = 1 << 4, /* baresips and clients come in */
	SERVICE_FLEET = 1 << 5,  /* other referds are heard of */
	SERVICE_WHOLE = SERVICE_STORE | SERVICE_ROOMS | SERVICE_PAST |
			SERVICE_TURN | SERVICE_FLEET | SERVICE_LISTEN,
};

int service_start(const struct config *config, unsigned parts);
void service_reload(const struct config *config);
void service_stop(void);

#endif

/**
 * @file peer.h  The addresses of connections, counted
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>


struct peer;
struct sockaddr;

int peers_init(unsigned max, unsigned max_per_address);
struct peer *peer_admit(const struct sockaddr *sa);
bool peer_asks(struct peer *p);

#endif

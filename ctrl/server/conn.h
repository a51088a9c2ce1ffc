/**
 * @file conn.h  One connection, until it is a client or a request
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONN_H
#define CONN_H


struct lws_protocols;

/* Results of callbacks of libwebsockets, ended by one without a name */
extern const struct lws_protocols conn_protocols[];

#endif

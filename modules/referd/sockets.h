/**
 * @file sockets.h  The sockets that libwebsockets makes itself
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SOCKETS_H
#define SOCKETS_H

void sockets_take(void);
void sockets_release(void);

#endif

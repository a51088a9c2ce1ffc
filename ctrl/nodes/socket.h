/**
 * @file socket.h  The Unix socket that nodes connect to
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SOCKET_H
#define SOCKET_H

#include <sys/types.h>


/* Takes a connection over; pid is 0 if that process is not in our namespace */
typedef void(socket_h)(int fd, pid_t pid);

int socket_listen(const char *path, socket_h *h);
void socket_unlisten(void);

#endif

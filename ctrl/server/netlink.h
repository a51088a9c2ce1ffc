/**
 * @file netlink.h  Routes of this machine, kept from libwebsockets
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef NETLINK_H
#define NETLINK_H

int netlink_take(void);

#endif

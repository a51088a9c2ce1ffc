/**
 * @file connection.h  The connection to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>

void link_hold(bool hold);

#endif

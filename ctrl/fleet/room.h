/**
 * @file room.h  The parts of this room for each other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ROOM_H
#define ROOM_H

const char *fleet_name(void);
const char *fleet_stream(void);
void fleet_yield(const char *boot);

#endif

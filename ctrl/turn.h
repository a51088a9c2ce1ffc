/**
 * @file turn.h  The end of a turn of the loop: store first, then send
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TURN_H
#define TURN_H

void turn_init(void);
void turn_close(void);

#endif

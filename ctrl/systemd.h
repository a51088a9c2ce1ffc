/**
 * @file systemd.h  What systemd wants to know of its service
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SYSTEMD_H
#define SYSTEMD_H

void systemd_ready(void);
void systemd_reloading(void);
void systemd_stopping(void);

#endif

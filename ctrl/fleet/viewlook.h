/**
 * @file viewlook.h  Looks up a transfer in the file of the fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VIEWLOOK_H
#define VIEWLOOK_H

/* data is NULL if the file does not have it */
typedef void(viewlook_h)(const char *id, const char *data);

int viewlook(const char *id, viewlook_h *h);
void viewlook_cancel(void);

#endif

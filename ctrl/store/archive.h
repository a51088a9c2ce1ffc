/**
 * @file archive.h  The transfers on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ARCHIVE_H
#define ARCHIVE_H

struct archive_transfer;

void archive_write(const struct archive_transfer *t,
		   void (*write)(unsigned n));

#endif

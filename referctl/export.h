/**
 * @file export.h  A transfer as a file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef EXPORT_H
#define EXPORT_H

#include "args.h"
#include "settings.h"

enum status export_transfer(const struct settings *s, const struct args *a);

#endif

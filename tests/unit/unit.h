/**
 * @file unit.h  Headers that every cmocka test needs, in the required order
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/**
 * @file unit.h  What every cmocka test includes, in the order it needs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

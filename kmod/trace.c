// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints: defined here, once; what they are is in trace.h.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"

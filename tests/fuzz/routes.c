// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of the local API, without what its lines lead to: nobody calls them here. All that the
 * table takes is tried by who includes it, and no line can be forgotten.
 */
#include <stdbool.h>
#include <stdint.h>

#include "agent/doctor_plan.h"
#include "base/headway.h"
#include "base/uuid.h"
#include "model/local.h"
#include "model/local_doctor.h"
#include "model/local_module.h"
#include "model/local_operation.h"

/* what is weak and not there is no mistake of the linker's */
#pragma clang attribute push(__attribute__((weak)), apply_to = function)
#include "agent/doctor.h"
#include "agent/events.h"
#include "agent/operations.h"
#include "agent/ops.h"
#pragma clang attribute pop

#include "agent/api_routes.c"

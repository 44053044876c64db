#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The driver, as it is deployed, under csi-sanity; our protos against the published ones.

sanity=$(dirname "$0")/../../sanity
"$sanity/proto-check"
proto=$?
"$sanity/run" "$@" && [ "$proto" = 0 ]

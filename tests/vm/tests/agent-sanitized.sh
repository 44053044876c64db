#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The agent under ASan and UBSan on a real kernel: the story of a node (agent-story), with an agent that ends at the first
# mistake; and none has forgotten memory when it ends in order.
# vm: kernels=6.12 disks=pool=1G,other=256M timeout=1200 smp=1 mem=2G needs=module,tools,programs,sanitized

FOUND=/run/sanitizer
export AGENT_PROGRAM=$LITEIO_O/san/liteio-agent
export ASAN_OPTIONS=log_path=$FOUND:detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=log_path=$FOUND:print_stacktrace=1
# shellcheck source=tests/vm/tests/agent-story.sh
. "$LITEIO_TOP/tests/vm/tests/agent-story.sh"

# one that leaves something behind ends at once, and nothing is looked for
! grep 'were left behind' $AGENT_LOG || fail "what the agent has forgotten was not looked for"
found=$(cat $FOUND.* 2>/dev/null || true)
[ -z "$found" ] || fail "the sanitizers have found: $(head -n 60 <<<"$found")"
ok "the sanitizers have found nothing"

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What a power cut has left of a change of the second pool, where nothing but asking again ends it: agent-power.sh,
# agent-cuts.sh. Source it on the host.
#
#   again FILE   text for a guest that has work.sh and an agent: what said.py heard last is asked for once more, when it is
#                the pool that was to be made (its label is there, and the list of pools does not have it), to be deleted (the
#                other way round), or to get its second disk (which has a label that the first one knows nothing of)

again() {
	case $(grep -aE '^(ask|did) ' "$1" | tail -n 1) in
	'ask pool wide 1'*) echo "has_wide || liteioctl pool create wide \"\$second\" >/dev/null;" ;;
	'ask pool wide 2'*)
		echo "! has_wide || j pool show wide | jq -e '.moreDevices != null and .moreDevices != []' >/dev/null ||
			liteioctl pool grow wide --add \"\$third\" --force >/dev/null;"
		;;
	'ask delete wide'*) echo "liteioctl pool delete wide >/dev/null;" ;;
	esac
}

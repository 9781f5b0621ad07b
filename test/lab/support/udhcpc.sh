#!/bin/sh
# shellcheck disable=SC2154 # udhcpc sets them
# What udhcpc runs: gives the interface its address and its default router, prints each address it gets, and sources the
# shipped hook.
case "$1" in
deconfig)
	ip -4 addr flush dev "$interface"
	ip link set "$interface" up
	;;
bound | renew)
	ip addr replace "$ip/$mask" dev "$interface"
	ip route replace default via "${router%% *}" dev "$interface"
	echo "address $ip"
	;;
esac
# shellcheck source=deploy/dhcp/udhcpc
. "$IGD_PCP_HOOK"

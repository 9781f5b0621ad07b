"""join.py ADDRESS: another program of the router, which has joined the SSDP group on the interface of ADDRESS."""

import signal
import socket
import sys

joined = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
group = socket.inet_aton("239.255.255.250") + socket.inet_aton(sys.argv[1])
joined.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
print("joined", flush=True)
signal.pause()

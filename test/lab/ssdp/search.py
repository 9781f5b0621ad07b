"""search.py ST [ADDRESS]: searches, by multicast with MX 3 or by unicast without MX, listens for a second, and
prints each answer as a line of JSON: milliseconds since the search, sender, text."""

import json
import socket
import sys
import time

target = sys.argv[1]
unicast = sys.argv[2] if len(sys.argv) > 2 else None

lines = ["M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", f"ST: {target}", 'MAN: "ssdp:discover"']
if not unicast:
    lines.append("MX: 3")
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.sendto("\r\n".join([*lines, "", ""]).encode(), (unicast or "239.255.255.250", 1900))
asked = time.monotonic()
while (left := asked + 1 - time.monotonic()) > 0:
    asking.settimeout(left)
    try:
        text, sender = asking.recvfrom(2000)
    except OSError:  # the time is over, or the port is closed
        continue
    milliseconds = (time.monotonic() - asked) * 1000
    print(json.dumps({"after": milliseconds, "from": "%s:%d" % sender, "text": text.decode()}))

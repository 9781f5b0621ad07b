"""pcp_ask.py SERVER CLIENT EXTERNAL_PORT: asks a PCP server for a UDP port in the name of CLIENT, and prints the result
code, or "-" when there is no answer in a second."""

import random
import socket
import struct
import sys


def mapped(address):
    return b"\0" * 10 + b"\xff\xff" + socket.inet_aton(address)


def main(server, client, external_port):
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(1)
    header = struct.pack(">BBHI", 2, 1, 0, 600) + mapped(client)
    payload = random.randbytes(12) + struct.pack(">B3xHH", 17, 6000, int(external_port)) + mapped("0.0.0.0")
    try:
        asking.sendto(header + payload, (server, 5351))
        print(asking.recv(1100)[3])
    except OSError:
        print("-")


main(*sys.argv[1:])

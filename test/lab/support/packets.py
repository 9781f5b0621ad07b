"""IPv4 packets with a source of one's choice."""

import socket
import struct


def raw_socket():
    sending = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return sending


def checksum(octets):
    padded = octets + b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4(protocol, source, target, payload, ttl=64):
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    # The kernel fills in the identification and the checksum of the header.
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, ttl, protocol, 0) + addresses + payload


def pseudo_header(protocol, source, target, length):
    return socket.inet_aton(source) + socket.inet_aton(target) + struct.pack(">BBH", 0, protocol, length)


def udp(source, source_port, target, target_port, octets, ttl=64):
    """Without a checksum, which IPv4 allows."""
    head = struct.pack(">HHHH", source_port, target_port, 8 + len(octets), 0)
    return ipv4(socket.IPPROTO_UDP, source, target, head + octets, ttl)


def syn(source, source_port, target, target_port):
    def segment(checked):
        return struct.pack(">HHIIBBHHH", source_port, target_port, source_port, 0, 5 << 4, 2, 65_535, checked, 0)

    around = pseudo_header(socket.IPPROTO_TCP, source, target, 20)
    return ipv4(socket.IPPROTO_TCP, source, target, segment(checksum(around + segment(0))))

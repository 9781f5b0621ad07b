"""Traffic for the lab.

talk.py serve PROTO PORT              answers each message with the sender's address and port
talk.py ask PROTO ADDRESS PORT FROM   sends a message for each line of input and prints the answer, or "-"

FROM is the own address and port to use. A TCP client connects at its first line.
"""
import socket
import socketserver
import sys

PATIENCE = 0.5


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto("{}:{}".format(*self.client_address).encode(), self.client_address)


class Stream(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(100):
            self.request.sendall("{}:{}".format(*self.client_address).encode())


class Datagrams(socketserver.ThreadingUDPServer):
    allow_reuse_address = True
    daemon_threads = True


class Streams(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve(proto, port):
    kind, handler = (Datagrams, Datagram) if proto == "UDP" else (Streams, Stream)
    with kind(("0.0.0.0", port), handler) as server:
        print("ready", flush=True)
        server.serve_forever()


def ask(proto, to, own):
    kind = socket.SOCK_DGRAM if proto == "UDP" else socket.SOCK_STREAM
    sock = socket.socket(socket.AF_INET, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.settimeout(PATIENCE)
    sock.bind(own)
    print("ready", flush=True)
    connected = False
    for line in sys.stdin:
        try:
            if not connected:
                sock.connect(to)
                connected = True
            sock.send(line.encode())
            print(sock.recv(100).decode() or "-", flush=True)
        except OSError:
            print("-", flush=True)


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]))
else:
    own = sys.argv[5].split(":")
    ask(sys.argv[2], (sys.argv[3], int(sys.argv[4])), (own[0], int(own[1])))

"""control_point.py ROUTER ADDRESS SEED: a control point in a hurry, on a LAN host with ADDRESS, until SIGTERM.

About ten times a second it does something that control points do: adds, reads, deletes, subscribes, searches, reads
the status page, and leaves things half done. Every ten seconds it prints "did" and a JSON object of counts by action and
answer; at once it prints "odd", the action and the answer where the answer is not one of those that belong to it.
At SIGTERM it deletes what it has, and prints "left" when that is done.
"""

import collections
import http.client
import json
import random
import re
import signal
import socket
import sys
import time

ROUTER, ADDRESS = sys.argv[1], sys.argv[2]
CHANCE = random.Random(int(sys.argv[3]))
PORT = 5000
PORTS = range(20000, 20025)  # with both protocols fewer than access.perHost
ADD_EVERY = 0.55  # seconds: access.addRate is two a second
SERVICE = "urn:schemas-upnp-org:service:WANIPConnection:"
FITTING = {  # beside 200
    "AddPortMapping": {"718"},  # a neighbour at the carrier has the port
    "AddAnyPortMapping": set(),
    "DeletePortMapping": {"714"},
    "DeletePortMappingRange": {"606", "730"},  # nothing of its own is in it; of others, or of nobody
    "GetSpecificPortMappingEntry": {"714"},
    "GetGenericPortMappingEntry": {"713"},
    "GetListOfPortMappings": {"730"},
    "SetEverything": {"401"},
    "broken": {"400"},
}
LEASES = (60, 60, 120, 600, 3600)
NAMES = ("game", "Süßes Spiel ♥", "x" * 200, "<b>&amp;'\"", "")

did = collections.Counter()
added = [0.0]  # when it last added
streams = []  # connections held open, and when they are dropped
ended = []


def note(action, answer):
    did[f"{action} {answer}"] += 1
    if answer != "200" and answer not in FITTING.get(action, ()):
        print("odd", action, answer, flush=True)


class Control:
    """A control URL; now and then with a connection that is kept."""

    def __init__(self, version):
        self.version = version
        self.kept = None

    def connection(self):
        if self.kept is None or CHANCE.random() < 0.3:
            self.kept = http.client.HTTPConnection(ROUTER, PORT, timeout=40)
        return self.kept

    def post(self, body, action):
        headers = {"Content-Type": "text/xml", "SOAPAction": f'"{SERVICE}{self.version}#{action}"'}
        for patience in (1, 0):  # the router may have ended a kept connection
            connection = self.connection()
            try:
                connection.request("POST", f"/igd{self.version}/control/wan-ip-connection", body.encode(), headers)
                response = connection.getresponse()
                return response.status, response.read().decode()
            except (http.client.HTTPException, OSError):
                self.kept = None
                if not patience:
                    raise

    def call(self, action, **arguments):
        elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in arguments.items())
        body = (
            '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
            f'<u:{action} xmlns:u="{SERVICE}{self.version}">{elements}</u:{action}></s:Body></s:Envelope>'
        )
        try:
            status, text = self.post(body, action)
        except (http.client.HTTPException, OSError) as error:
            note(action, type(error).__name__)
            return None
        fault = re.search("<errorCode>([0-9]+)<", text)
        note(action, fault[1] if fault else str(status))
        return None if fault else text


def escape(value):
    return str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


ONE, TWO = Control(1), Control(2)


def either():
    return CHANCE.choice((ONE, TWO))


def key():
    return {
        "NewRemoteHost": "",
        "NewExternalPort": CHANCE.choice(PORTS),
        "NewProtocol": CHANCE.choice(("TCP", "UDP")),
    }


def mapping():
    wanted = key()
    return wanted | {
        "NewInternalPort": wanted["NewExternalPort"],
        "NewInternalClient": ADDRESS,
        "NewEnabled": 1,
        "NewPortMappingDescription": CHANCE.choice(NAMES),
        "NewLeaseDuration": CHANCE.choice(LEASES),
    }


def add(control, action):
    if time.monotonic() < added[0] + ADD_EVERY:
        return read_page()
    added[0] = time.monotonic()
    return control.call(action, **mapping())


def walk():
    control = either()
    for index in range(70):
        if control.call("GetGenericPortMappingEntry", NewPortMappingIndex=index) is None:
            return


def whole_range():
    return {"NewStartPort": PORTS[0], "NewEndPort": PORTS[-1], "NewProtocol": CHANCE.choice(("TCP", "UDP")), "NewManage": 0}


def request(name, method, path, headers):
    try:
        connection = http.client.HTTPConnection(ROUTER, PORT, timeout=10)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        note(name, str(response.status))
        return response
    except (http.client.HTTPException, OSError) as error:
        note(name, type(error).__name__)
        return None


def subscribe():
    """To a port where nobody listens, or one where nobody answers; half of the time it forgets to unsubscribe."""
    callback = f"<http://{ADDRESS}:{CHANCE.choice((9, listening.getsockname()[1]))}/events>"
    path = f"/igd{CHANCE.choice((1, 2))}/event/wan-ip-connection"
    headers = {"CALLBACK": callback, "NT": "upnp:event", "TIMEOUT": "Second-60"}
    answer = request("SUBSCRIBE", "SUBSCRIBE", path, headers)
    if answer is not None and answer.status == 200 and CHANCE.random() < 0.5:
        request("UNSUBSCRIBE", "UNSUBSCRIBE", path, {"SID": answer.getheader("SID")})


def read_page():
    request("page", "GET", CHANCE.choice(("/", "/page.js", "/igd1.xml", "/igd2.xml")), {})


def hold():
    """A page that is left open for a while, or a request that is never finished."""
    try:
        connection = socket.create_connection((ROUTER, PORT), 5)
        if CHANCE.random() < 0.5:
            connection.sendall(f"GET /events HTTP/1.1\r\nHost: {ROUTER}:{PORT}\r\n\r\n".encode())
        else:
            connection.sendall(b"POST /igd1/control/wan-ip-connection HTTP/1.1\r\nX: ")
        streams.append((time.monotonic() + CHANCE.uniform(1, 40), connection))
        did["held"] += 1
    except OSError as error:
        note("held", type(error).__name__)


def drop():
    now = time.monotonic()
    for stream in [stream for stream in streams if stream[0] < now]:
        streams.remove(stream)
        stream[1].close()


def search():
    target = CHANCE.choice(("ssdp:all", "upnp:rootdevice", "urn:schemas-upnp-org:device:InternetGatewayDevice:2"))
    to = CHANCE.choice((ROUTER, "239.255.255.250"))
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(2)
    lines = ["M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", f"ST: {target}", 'MAN: "ssdp:discover"', "MX: 1"]
    asking.sendto("\r\n".join([*lines, "", ""]).encode(), (to, 1900))
    try:
        asking.recv(2000)
        note("search", "200")
    except OSError as error:
        note("search", type(error).__name__)
    asking.close()


def broken():
    try:
        status, text = ONE.post("<s:Envelope><unfinished>", "AddPortMapping")
        fault = re.search("<errorCode>([0-9]+)<", text)
        did[f"broken {fault[1] if fault else status}"] += 1
    except (http.client.HTTPException, OSError) as error:
        note("broken", type(error).__name__)


def end_all():
    # AddAnyPortMapping may have been given any port.
    every = {"NewStartPort": 1024, "NewEndPort": 65535, "NewManage": 0}
    for protocol in ("TCP", "UDP"):
        TWO.call("DeletePortMappingRange", **(every | {"NewProtocol": protocol}))


DOINGS = (
    (10, lambda: add(either(), "AddPortMapping")),
    (5, lambda: add(TWO, "AddAnyPortMapping")),
    (14, lambda: either().call("DeletePortMapping", **key())),
    (1, lambda: TWO.call("DeletePortMappingRange", **whole_range())),
    (14, lambda: either().call("GetSpecificPortMappingEntry", **key())),
    (4, walk),
    (4, lambda: TWO.call("GetListOfPortMappings", **whole_range(), NewNumberOfPorts=0)),
    (10, lambda: either().call("GetExternalIPAddress")),
    (10, lambda: either().call("GetStatusInfo")),
    (1, lambda: either().call("SetEverything")),
    (1, broken),
    (4, subscribe),
    (6, read_page),
    (3, hold),
    (4, search),
)

listening = socket.socket()
listening.bind((ADDRESS, 0))
listening.listen(64)
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
weights, doings = zip(*DOINGS)
printed = time.monotonic()
while not ended:
    CHANCE.choices(doings, weights)[0]()
    drop()
    if time.monotonic() > printed + 10:
        print("did", json.dumps(did), flush=True)
        did.clear()
        printed = time.monotonic()
    time.sleep(CHANCE.expovariate(10))
for _, stream in streams:
    stream.close()
end_all()
print("did", json.dumps(did), flush=True)
print("left", flush=True)

"""service.py LOCATION ROUNDS PORT: how a router serves somebody who asks now and then. Searches, asks for the external
address, maps a port from PORT on and deletes it, ROUNDS times. Prints for each kind the median of the milliseconds until
the answer as a line of JSON, and fails when one does not succeed."""

import json
import statistics
import sys
import time
import urllib.parse

import igd

# Not more adds than access.addRate lets a host make.
PAUSE = 0.15


def key(port):
    return [("NewRemoteHost", ""), ("NewExternalPort", port), ("NewProtocol", "TCP")]


def mapping(client, port):
    return [
        *key(port),
        ("NewInternalPort", 6000),
        ("NewInternalClient", client),
        ("NewEnabled", 1),
        ("NewPortMappingDescription", "lab"),
        ("NewLeaseDuration", 600),
    ]


def own_address(router):
    with igd.socket.socket(igd.socket.AF_INET, igd.socket.SOCK_DGRAM) as asking:
        asking.connect((router, 9))
        return asking.getsockname()[0]


def ask(service, url, action, arguments):
    code = igd.post(service, url, action, arguments)
    if code != 200:
        sys.exit(f"{action}: {code}")


def main(location, rounds, port):
    router = urllib.parse.urlparse(location).hostname
    client = own_address(router)
    service, url = igd.wan_connection(location)
    took = {"search": [], "GetExternalIPAddress": [], "AddPortMapping": []}
    for number in range(int(rounds)):
        questions = {
            "search": lambda: igd.search("urn:schemas-upnp-org:device:InternetGatewayDevice:1", router),
            "GetExternalIPAddress": lambda: ask(service, url, "GetExternalIPAddress", []),
            "AddPortMapping": lambda: ask(service, url, "AddPortMapping", mapping(client, int(port) + number)),
        }
        for name, question in questions.items():
            time.sleep(PAUSE)
            took[name].append(igd.milliseconds(question))
        ask(service, url, "DeletePortMapping", key(int(port) + number))
    print(json.dumps({name: round(statistics.median(each), 2) for name, each in took.items()}))


main(*sys.argv[1:])

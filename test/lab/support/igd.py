"""A control point that measures.

  igd.py find ST [ADDRESS]        searches and prints the LOCATION of the first answer; exit 1 for none in 2 s
  igd.py get URL                  prints the document; exit 1 when there is none
  igd.py call LOCATION ACTION [NAME=VALUE]...
                                  prints "200", or the error code of the SOAP fault, when it comes within 40 s
  igd.py time LOCATION SECONDS    asks everything a router knows by itself, over and over, and prints the slowest
                                  answer of each kind: its name and milliseconds
"""

import functools
import re
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

MULTICAST = "239.255.255.250"
ANY_DEVICE = "{urn:schemas-upnp-org:device-1-0}"
QUESTIONS = {
    "GetExternalIPAddress": [],
    "GetStatusInfo": [],
    "GetConnectionTypeInfo": [],
    "GetGenericPortMappingEntry": [("NewPortMappingIndex", 0)],
}


def search(target, address=MULTICAST):
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(2)
    lines = ["M-SEARCH * HTTP/1.1", f"HOST: {MULTICAST}:1900", f"ST: {target}", 'MAN: "ssdp:discover"', "MX: 2"]
    asking.sendto("\r\n".join([*lines, "", ""]).encode(), (address, 1900))
    return asking.recv(2000).decode()


def find(target, address=MULTICAST):
    try:
        answer = search(target, address)
    except OSError as error:
        sys.exit(str(error))
    headers = (line.partition(":") for line in answer.splitlines())
    print(next(value.strip() for name, _, value in headers if name.upper() == "LOCATION"))


def fetch(url):
    with urllib.request.urlopen(url, timeout=3) as response:
        return response.read().decode()


def get(url):
    try:
        print(fetch(url))
    except OSError as error:
        sys.exit(str(error))


def wan_connection(location):
    """The type and control URL of the first WANIPConnection."""
    description = ElementTree.fromstring(fetch(location))
    for service in description.iter(f"{ANY_DEVICE}service"):
        kind = service.findtext(f"{ANY_DEVICE}serviceType")
        if ":WANIPConnection:" in kind:
            return kind, urllib.parse.urljoin(location, service.findtext(f"{ANY_DEVICE}controlURL"))
    sys.exit(f"{location}: no WANIPConnection")


def post(service, url, action, arguments):
    """The code of the answer: 200, or the one in the fault."""
    elements = "".join(f"<{name}>{value}</{name}>" for name, value in arguments)
    body = (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
        f'<u:{action} xmlns:u="{service}">{elements}</u:{action}></s:Body></s:Envelope>'
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": f'"{service}#{action}"'}
    request = urllib.request.Request(url, body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=40) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return int(re.search("<errorCode>([0-9]+)<", error.read().decode())[1])


def call(location, action, *arguments):
    print(post(*wan_connection(location), action, [argument.split("=", 1) for argument in arguments]))


def questions(location):
    service, url = wan_connection(location)
    yield "description", lambda: fetch(location)
    yield "search", lambda: search("urn:schemas-upnp-org:device:InternetGatewayDevice:1")
    for action, arguments in QUESTIONS.items():
        yield action, functools.partial(post, service, url, action, arguments)


def milliseconds(question):
    start = time.monotonic()
    question()
    return (time.monotonic() - start) * 1000


def time_all(location, seconds):
    asked = dict(questions(location))
    for question in asked.values():
        question()  # the first of each may have code to compile
    slowest = dict.fromkeys(asked, 0.0)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for name, question in asked.items():
            slowest[name] = max(slowest[name], milliseconds(question))
        time.sleep(0.2)
    for name, worst in slowest.items():
        print(name, round(worst, 1))


if __name__ == "__main__":
    {"find": find, "get": get, "call": call, "time": time_all}[sys.argv[1]](*sys.argv[2:])

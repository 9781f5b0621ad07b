"""gupnp_events.py SERVICE VARIABLE...: subscribes to the first SERVICE that GUPnP finds and prints each event, a
variable and its value a line, until SIGTERM."""

import signal
import sys

import gi

gi.require_version("GUPnP", "1.6")
from gi.repository import GLib, GObject, GUPnP

service, variables = sys.argv[1], sys.argv[2:]
loop = GLib.MainLoop()
proxies = []


def changed(_proxy, variable, value, *_rest):
    print(f"{variable} {value}", flush=True)


def found(_point, proxy):
    if proxies:
        return
    proxies.append(proxy)
    for variable in variables:
        proxy.add_notify(variable, GObject.TYPE_STRING, changed, None)
    proxy.set_subscribed(True)
    print(f"found {proxy.get_location()}", flush=True)


def end():
    for proxy in proxies:
        proxy.set_subscribed(False)
    GLib.timeout_add(500, loop.quit)


context = GUPnP.Context.new("lan", 0)
point = GUPnP.ControlPoint.new(context, service)
point.connect("service-proxy-available", found)
point.set_active(True)
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, end)
loop.run()

"""gupnp_port.py ADDRESS PORT: asks the router for a UDP port with libgupnp-igd, until SIGTERM."""

import signal
import sys

import gi

gi.require_version("GUPnPIgd", "1.0")
from gi.repository import GLib, GUPnPIgd

ADDRESS, PORT = sys.argv[1], int(sys.argv[2])

igd = GUPnPIgd.SimpleIgd()
loop = GLib.MainLoop()


def mapped(_igd, _protocol, external_ip, _replaces, external_port, *_rest):
    print(f"mapped {external_ip} {external_port}", flush=True)


def failed(_igd, error, *_rest):
    print(f"failed {error.message}", flush=True)


def end():
    igd.remove_port("UDP", PORT)
    GLib.timeout_add(1000, loop.quit)


igd.connect("mapped-external-port", mapped)
igd.connect("error-mapping-port", failed)
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, end)
igd.add_port("UDP", PORT, ADDRESS, PORT, 600, "gupnp")
loop.run()

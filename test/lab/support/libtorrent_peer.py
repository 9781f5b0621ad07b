"""libtorrent as a peer with one small torrent.

  libtorrent_peer.py seed ADDRESS PORT          has it and asks the router for PORT by UPnP, until SIGTERM
  libtorrent_peer.py fetch TCP|UDP HOST PORT    fetches it from there over TCP or uTP and prints "fetched"
"""

import os
import signal
import sys
import tempfile
import time

import libtorrent

CONTENT = bytes(range(256)) * 256
QUIET = {
    "enable_natpmp": False,
    "enable_lsd": False,
    "enable_dht": False,
    "alert_mask": libtorrent.alert.category_t.port_mapping_notification
    | libtorrent.alert.category_t.error_notification,
}


def torrent_in(directory):
    with open(os.path.join(directory, "content"), "wb") as file:
        file.write(CONTENT)
    files = libtorrent.file_storage()
    libtorrent.add_files(files, os.path.join(directory, "content"))
    created = libtorrent.create_torrent(files)
    libtorrent.set_piece_hashes(created, directory)
    return libtorrent.torrent_info(created.generate())


def seed(address, port):
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    with tempfile.TemporaryDirectory() as directory:
        torrent = torrent_in(directory)
        session = libtorrent.session({**QUIET, "listen_interfaces": f"{address}:{port}", "enable_upnp": True})
        session.add_torrent({"ti": torrent, "save_path": directory})
        while not ended:
            for alert in session.pop_alerts():
                if isinstance(alert, libtorrent.portmap_alert):
                    print(f"mapped {str(alert.map_protocol).upper()} {alert.external_port}", flush=True)
                else:
                    print(alert.message(), flush=True)
            time.sleep(0.1)
        del session  # waits until the mappings are deleted


def fetch(transport, host, port):
    settings = {**QUIET, "listen_interfaces": "0.0.0.0:0", "enable_upnp": False}
    settings |= {"enable_outgoing_tcp": transport == "TCP", "enable_outgoing_utp": transport == "UDP"}
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as directory:
        session = libtorrent.session(settings)
        fetched = session.add_torrent({"ti": torrent_in(made), "save_path": directory})
        end = time.monotonic() + 10
        while not fetched.status().is_seeding:
            fetched.connect_peer((host, int(port)))
            if time.monotonic() > end:
                sys.exit("nothing fetched in 10 s")
            time.sleep(0.5)
        print("fetched")


if __name__ == "__main__":
    {"seed": seed, "fetch": fetch}[sys.argv[1]](*sys.argv[2:])

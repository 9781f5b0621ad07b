"""unit.py UNIT DIRECTORY [COMMAND...]: starts the service of a systemd unit as systemd would, where no systemd runs:
its user, capabilities, view of the file system, and system call filters. COMMAND instead of ExecStart looks at it from
inside. Root starts it; it prints "notified" and what the service tells the service manager.

DIRECTORY has `program`, which is at /usr/lib/NAME inside, and `config`, `state` and `run`, which are the directories
that the unit asks for. A setting that is neither applied here nor named in LEFT_OUT is an error, so that whatever the
unit comes to demand is tried.
"""

import ctypes
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import privileges
import syscalls

USER = 61184  # the first of those that DynamicUser takes
LEFT_OUT = {
    "Type", "NotifyAccess", "EnvironmentFile", "ExecReload", "Restart", "RestartSec", "RestartSteps",
    "RestartMaxDelaySec", "SyslogIdentifier", "TimeoutStopSec",  # how it is started and ended, not what it may do
    "RemoveIPC",  # what happens when it has ended
    "MemoryMax", "TasksMax",  # control groups
}  # fmt: skip
PUBLIC_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def settings_of(path):
    """The lines of [Service], a list a setting."""
    settings, section = {}, None
    for line in Path(path).read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            settings.setdefault(name, []).append(value)
    return settings


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def bind(source, target):
    mount("--bind", source, target)


class Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


def set_attributes(path, flags, attributes):
    """mount_setattr(2): Linux 5.12."""
    wanted = (path.encode(), flags, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)))
    if privileges.libc.syscall(ctypes.c_long(442), ctypes.c_int(-100), *wanted) != 0:
        raise OSError(ctypes.get_errno(), f"{path}: {os.strerror(ctypes.get_errno())}")


def read_only(path):
    """With what is mounted below it."""
    set_attributes(path, 0x8000, Attributes(set=1))


def read_write(path):
    set_attributes(path, 0, Attributes(clear=1))


def hide(path):
    """Nobody who is not root sees anything below it."""
    if os.path.isdir(path):
        mount("-t", "tmpfs", "-o", "mode=000,ro", "none", path)
    elif os.path.exists(path):
        bind("/dev/null", path)


def own(directory, mode):
    os.chown(directory, USER, USER)
    os.chmod(directory, mode)


def make_writable_here(directory):
    """The system with room for what an installed service brings, in this mount namespace alone."""
    room = directory / "room"
    room.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "none", room)
    for top in ("usr", "etc", "var", "run"):
        for part in ("upper", "work"):
            (room / top / part).mkdir(parents=True)
        layers = f"lowerdir=/{top},upperdir={room}/{top}/upper,workdir={room}/{top}/work"
        mount("-t", "overlay", "-o", layers, "none", f"/{top}")


def place(source, target):
    os.makedirs(target, exist_ok=True)
    bind(source, target)


def lay_out(settings, directory, node):
    """The program, and the directories that the unit asks for. Returns those it may write to."""
    name = settings["StateDirectory"][0]
    make_writable_here(directory)
    place(directory / "program", f"/usr/lib/{name}")
    if not os.path.exists("/usr/bin/node"):
        Path("/usr/bin/node").touch()
    bind(node, "/usr/bin/node")
    place(directory / "config", f"/etc/{settings['ConfigurationDirectory'][0]}")
    writable = []
    for kind, source, base in (("State", "state", "/var/lib"), ("Runtime", "run", "/run")):
        own(directory / source, int(settings[f"{kind}DirectoryMode"][0], 8))
        place(directory / source, f"{base}/{settings[f'{kind}Directory'][0]}")
        writable.append(f"{base}/{settings[f'{kind}Directory'][0]}")
    return writable


def private_devices():
    fresh = Path("/run/devices")
    fresh.mkdir()
    mount("-t", "tmpfs", "-o", "mode=755", "none", fresh)
    for device in PUBLIC_DEVICES:
        (fresh / device).touch()
        bind(f"/dev/{device}", fresh / device)
    mount("--move", fresh, "/dev")


def confine(settings, writable):
    """The view of the file system. Private places come last: the files of the test may be below them."""
    on = {name for name, values in settings.items() if values[-1] in ("yes", "strict", "invisible")}
    if "PrivateDevices" in on:
        private_devices()
    if "ProtectProc" in on:
        mount("-t", "proc", "-o", "hidepid=invisible", "proc", "/proc")
    for path in ("/proc/kmsg", "/dev/kmsg") if "ProtectKernelLogs" in on else ():
        hide(path)
    if "ProtectKernelModules" in on:
        hide("/usr/lib/modules")
    if "ProtectKernelTunables" in on:
        bind("/proc/sys", "/proc/sys")
        read_only("/proc/sys")
    if "PrivateTmp" in on:
        for path in ("/tmp", "/var/tmp"):
            mount("-t", "tmpfs", "-o", "mode=1777", "none", path)
            writable.append(path)
    if "ProtectHome" in on:
        for path in ("/home", "/root", "/run/user"):
            hide(path)
    if "ProtectSystem" in on:
        read_only("/")
        for path in (*writable, "/proc", *(() if SYS <= on else ("/sys",))):
            read_write(path)


SYS = {"ProtectKernelTunables", "ProtectControlGroups"}
CONFINES = {
    "PrivateDevices", "ProtectProc", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
    "ProtectControlGroups", "PrivateTmp", "ProtectHome", "ProtectSystem",
}  # fmt: skip
LAYS_OUT = {
    "ExecStart", "UMask", "StateDirectory", "StateDirectoryMode", "RuntimeDirectory", "RuntimeDirectoryMode",
    "ConfigurationDirectory",
}  # fmt: skip


def listen():
    """A service manager that prints what it is told. Ends with the service, whose user may end only its own."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    address = f"igd-pcp-unit-{os.getpid()}"
    manager.bind(f"\0{address}")
    if os.fork() == 0:
        os.setresuid(USER, USER, USER)
        privileges.die_with_parent()
        while True:
            for told in manager.recv(4096).decode().split("\n"):
                print("notified", told, flush=True)
    manager.close()
    return f"@{address}"


def main(unit, directory, *command):
    settings = settings_of(unit)
    known = {"Environment"} | LEFT_OUT | CONFINES | LAYS_OUT | privileges.APPLIES | syscalls.APPLIES
    if unknown := settings.keys() - known:
        sys.exit(f"{unit}: not tried by the lab: {', '.join(sorted(unknown))}")
    filters = syscalls.filters_of(settings)
    notify = listen()
    os.umask(0o022)
    writable = lay_out(settings, Path(directory), os.path.realpath(os.environ["UNIT_NODE"]))
    confine(settings, writable)
    os.umask(int(settings["UMask"][0], 8))
    os.chdir("/")
    privileges.drop(settings, USER)
    for load in filters:
        load()
    words = list(command) or shlex.split(settings["ExecStart"][0])
    own = dict(line.split("=", 1) for line in settings.get("Environment", []))
    os.execvpe(words[0], words, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": notify} | own)


main(*sys.argv[1:])

"""Filters of system calls as systemd makes them of the settings of a unit, for unit.py. The sets of calls are asked of
systemd-analyze, the filters made by libseccomp."""

import ctypes
import errno
import functools
import socket
import subprocess

APPLIES = {
    "SystemCallFilter", "SystemCallArchitectures", "SystemCallErrorNumber", "RestrictAddressFamilies",
    "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "ProtectHostname", "ProtectClock",
}  # fmt: skip

ALLOW = 0x7FFF0000
NOT_EQUAL, EQUAL, AT_LEAST, MASKED_EQUAL = 1, 4, 5, 7
NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
REALTIME = (1, 2, 6)  # SCHED_FIFO, SCHED_RR, SCHED_DEADLINE
FAMILIES = 46
SET_ID = (0o4000, 0o2000)


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
library.seccomp_init.argtypes = [ctypes.c_uint32]
library.seccomp_load.argtypes = [ctypes.c_void_p]
library.seccomp_rule_add_array.argtypes = [
    ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Comparison),
]  # fmt: skip


def refuse(number):
    return 0x00050000 | number


class Filter:
    """For the native architecture alone; calls of any other end the process, as SystemCallArchitectures=native has it."""

    def __init__(self, default):
        self.context = library.seccomp_init(default)

    def rule(self, action, name, *comparisons):
        call = library.seccomp_syscall_resolve_name(name.encode())
        if call < 0:
            return  # not a call of this architecture
        array = (Comparison * len(comparisons))(*comparisons)
        if library.seccomp_rule_add_array(self.context, action, call, len(comparisons), array) != 0:
            raise ValueError(f"no rule for {name}")

    def load(self):
        if library.seccomp_load(self.context) != 0:
            raise OSError("a filter of system calls cannot be loaded")


@functools.cache
def members(name):
    """The calls of one of systemd's sets, those of the sets in it included."""
    listed = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter", name], check=True, capture_output=True, text=True
    ).stdout.splitlines()[1:]
    words = {line.strip() for line in listed} - {""}
    calls = {word for word in words if not word.startswith(("@", "#"))}
    return calls.union(*(members(word) for word in words if word.startswith("@")))


def expand(words):
    return set().union(*(members(word) if word.startswith("@") else {word} for word in words))


def allowed(lines):
    """A line that begins with ~ takes away from what those before it allow."""
    calls = members("@default").copy()
    for line in lines:
        if line.startswith("~"):
            calls -= expand(line[1:].split())
        else:
            calls |= expand(line.split())
    return calls


def families(settings, to):
    kept = {getattr(socket, word) for word in settings["RestrictAddressFamilies"][0].split()}
    no = refuse(errno.EAFNOSUPPORT)
    for family in set(range(FAMILIES)) - kept:
        to.rule(no, "socket", Comparison(0, EQUAL, family, 0))
    to.rule(no, "socket", Comparison(0, AT_LEAST, FAMILIES, 0))


def namespaces(to):
    no = refuse(errno.EPERM)
    for flag in NAMESPACES:
        for call, argument in (("unshare", 0), ("clone", 0), ("setns", 1)):
            to.rule(no, call, Comparison(argument, MASKED_EQUAL, flag, flag))
    to.rule(no, "setns", Comparison(1, EQUAL, 0, 0))
    to.rule(refuse(errno.ENOSYS), "clone3")


def no_set_id(to):
    for call, argument in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2)):
        for bit in SET_ID:
            to.rule(refuse(errno.EPERM), call, Comparison(argument, MASKED_EQUAL, bit, bit))


def refusals(settings):
    """One filter for all that forbids this or that."""
    to = Filter(ALLOW)
    on = {name for name, values in settings.items() if values[-1] == "yes"}
    forbidden = set()
    if "RestrictAddressFamilies" in settings:
        families(settings, to)
    if "RestrictNamespaces" in on:
        namespaces(to)
    if "RestrictSUIDSGID" in on:
        no_set_id(to)
    if "RestrictRealtime" in on:
        for policy in REALTIME:
            to.rule(refuse(errno.EPERM), "sched_setscheduler", Comparison(1, EQUAL, policy, 0))
    if "LockPersonality" in on:
        to.rule(refuse(errno.EPERM), "personality", Comparison(0, NOT_EQUAL, 0, 0))
    if "ProtectHostname" in on:
        forbidden |= {"sethostname", "setdomainname"}
    if "ProtectClock" in on:
        forbidden |= members("@clock")
    if "ProtectKernelModules" in on:
        forbidden |= members("@module")
    if "ProtectKernelLogs" in on:
        forbidden |= {"syslog"}
    for call in forbidden:
        to.rule(refuse(errno.EPERM), call)
    return to.load


def permissions(settings):
    to = Filter(refuse(getattr(errno, settings["SystemCallErrorNumber"][0])))
    for call in allowed(settings["SystemCallFilter"]):
        to.rule(ALLOW, call)
    return to.load


def filters_of(settings):
    """To be loaded in this order: the second allows no further ones."""
    return [refusals(settings), permissions(settings)]

"""Users and capabilities, for unit.py."""

import ctypes
import os
import signal

APPLIES = {"DynamicUser", "AmbientCapabilities", "CapabilityBoundingSet", "NoNewPrivileges"}

NUMBERS = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13}
LAST = 63
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 8, 24, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
VERSION_3 = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class Data(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def prctl(option, *arguments):
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    check(libc.prctl(option, *padded))


def die_with_parent():
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def numbers(settings, name):
    return {NUMBERS[word] for value in settings.get(name, []) for word in value.split()}


def drop_bounding(kept):
    for number in range(LAST + 1):
        if number not in kept and libc.prctl(23, ctypes.c_ulong(number), 0, 0, 0) == 1:  # PR_CAPBSET_READ
            prctl(PR_CAPBSET_DROP, number)


def set_capabilities(held):
    mask = sum(1 << number for number in held)
    data = (Data * 2)(Data(mask, mask, mask), Data(0, 0, 0))
    check(libc.capset(ctypes.byref(Header(VERSION_3, 0)), data))
    for number in held:
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number)


def drop(settings, user):
    drop_bounding(numbers(settings, "CapabilityBoundingSet"))
    prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    set_capabilities(numbers(settings, "AmbientCapabilities"))
    if settings.get("NoNewPrivileges") == ["yes"]:
        prctl(PR_SET_NO_NEW_PRIVS, 1)

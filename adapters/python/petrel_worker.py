"""Forks Python actions: each begins with the interpreter and the common modules loaded.

A request comes as a packet from the service: petrel-shim's path and its arguments, a NUL behind each. What is forked for it
has two generations. The first makes pipes, forks the second and becomes petrel-shim, which therefore is the parent that a
cold start would have made it, claims the attempt and keeps it. The second waits for petrel-shim's word; without it, it
leaves and nothing was run. Both are forked ahead, while nothing else is asked for, and wait for the request. This process
learns the folder of an attempt only: parameters, configuration and token are read by the second generation alone, from its
standard input.
"""

import array
import atexit
import gc
import itertools
import json  # noqa: F401 loaded for the actions
import os
import resource
import select
import signal
import socket
import sys

CONTROL = 3
IDLE_SECONDS = 600
# How long nothing is to be asked for before the next pair is forked: what was asked for last has the processor first.
QUIET_SECONDS = 0.01
IMPORTED_AT_START = {"sitecustomize", "usercustomize"}

loaded = set()
own_environment = {}
own_python = ""
pack = ""
# The last module that was there before the action.
last_module = ""
# Of an action that has ended; None for one that ends in a way that is Python's own business.
code = None


def serve(python):
    """Forks what is asked for; returns only in an action's process, with its standard streams in place."""
    global own_python
    own_python = python
    # The first that is registered runs last.
    atexit.register(finish)
    control = socket.socket(fileno=CONTROL)
    control.set_inheritable(False)
    own_environment.update(os.environ)
    limit_files()
    preload()
    marks = stamps()
    parent = os.getppid()
    gc.collect()
    gc.freeze()
    control.send(b"ready")
    children = set()
    pair = None
    while True:
        # A second is for the children that may have ended meanwhile.
        pause = QUIET_SECONDS if pair is None else 1 if children else IDLE_SECONDS
        is_asked = select.select([control], [], [], pause)[0]
        reap(children)
        request = b""
        if is_asked:
            request = control.recv(65536)
            if not request or marks != stamps():
                break
        elif pair is not None and not children:
            break
        if pair is None:
            pair = fork_pair(control)
            if pair is None:
                return
        if not request:
            continue
        pid, requests = pair
        pair = None
        children.add(pid)
        # A pair that is gone answers to nobody, and the service sees its end.
        try:
            requests.send(request)
        except OSError:
            pass
        requests.close()
        control.send(b"%d" % pid)
        # Until then the number must not pass to another process.
        if not control.recv(16):
            break
    control.close()
    if pair is not None:
        pair[1].close()
        children.add(pair[0])
    # Whoever reaps orphans may be the service itself, and not know them.
    while children and os.getppid() == parent:
        select.select([], [], [], 1)
        reap(children)
    os._exit(0)


def fork_pair(control):
    """Forks the two generations; the number of the first and the socket for its request, None in an action's process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        control.close()
        ours.close()
        become_command(theirs)
        return None
    theirs.close()
    return pid, ours


def limit_files():
    """The limit that petrel-shim gives to what it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft > 1024:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))


def preload():
    """What most actions import; nothing of a pack, and nothing that is set up by variables."""
    import logging
    import traceback
    import urllib.error
    import urllib.parse
    import urllib.request

    import st2common.log
    import st2common.runners.base_action
    import st2common.services.datastore

    loaded.update(name.split(".")[0] for name in sys.modules)
    return logging, traceback, urllib


def stamps():
    """What changes when the interpreter or its environment does."""
    found = []
    for path in [sys.executable, os.path.join(sys.prefix, "pyvenv.cfg"), __file__] + sys.path:
        try:
            state = os.stat(path)
            found.append((path, state.st_ino, state.st_mtime_ns))
        except OSError:
            found.append((path, 0, 0))
    return found


def reap(children):
    for pid in list(children):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            children.discard(pid)


def become_command(requests):
    """Splits this process in two: petrel-shim, and the action, where alone it returns."""
    try:
        os.setsid()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output, errors, start = os.pipe(), os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            for end in (requests, ours):
                end.close()
            for descriptor in (output[0], errors[0], start[1]):
                os.close(descriptor)
            stdin, cwd = take_input(theirs)
            if os.read(start[0], 1) != b"g":
                os._exit(0)
            begin_action(stdin, output[1], errors[1], start[0], cwd)
            return
        try:
            os.setpgid(pid, pid)
        except OSError:
            pass
        words = requests.recv(65536).split(b"\0")[:-1]
        if not words:
            os._exit(0)
        give_input(ours, words[1], words[5])
        kept = (output[0], errors[0], start[1])
        for descriptor in kept:
            os.set_inheritable(descriptor, True)
        os.execv(words[0], words[:6] + [b"--child", b"%d" % pid] + [b"%d" % each for each in kept])
    except BaseException:
        os._exit(121)


def give_input(receiver, folder, cwd):
    """Opens an attempt's input, before petrel-shim takes its name away, and hands it on with the working folder."""
    try:
        stdin = os.open(folder + b"/stdin", os.O_RDONLY)
    except FileNotFoundError:
        stdin = os.open("/dev/null", os.O_RDONLY)
    receiver.sendmsg([cwd], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [stdin]))])


def take_input(sender):
    """What the first generation hands on; leaves where that is gone."""
    cwd, rights, _, _ = sender.recvmsg(65536, socket.CMSG_SPACE(4))
    sender.close()
    if not rights:
        os._exit(0)
    return array.array("i", rights[0][2])[0], cwd


def begin_action(stdin, output, errors, start, cwd):
    for number, descriptor in enumerate((stdin, output, errors)):
        os.dup2(descriptor, number)
    for descriptor in (stdin, output, errors, start):
        os.close(descriptor)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.chdir(cwd)
    except OSError as error:
        os.write(2, ("the working folder can't be entered: %s\n" % error).encode())
        os._exit(126)


def take_place(order, here):
    """Makes this process what a Python started with the order's variables would be; starts one where that can't be done.

    The service asks for no fork where a variable that counts at the start of a process is not ours.
    """
    global pack, last_module
    pack = os.getcwd()
    last_module = next(reversed(sys.modules))
    environment = order.get("environment") or {}
    path = [entry for entry in environment.get("PYTHONPATH", "").split(":") if entry and entry != here]
    if is_hidden_by(path + [os.path.dirname(order["file_path"])]):
        os.lseek(0, 0, os.SEEK_SET)
        os.execvpe(own_python, [own_python, "-u", os.path.join(here, "petrel_action.py")], environment)
    # What the interpreter set itself when it started, such as LC_CTYPE, it would have set here, too.
    for name, value in own_environment.items():
        environment.setdefault(name, value)
    # What stays as it is costs nothing: every page that is written to is copied first.
    for name, value in environment.items():
        if own_environment.get(name) != value:
            os.environ[name] = value
    sys.path[:0] = [os.path.abspath(entry) for entry in path]
    sys.path_importer_cache.clear()


def is_hidden_by(folders):
    """Whether a module that is loaded already would have come from one of the folders."""
    for folder in folders:
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        for entry in entries:
            name = entry.split(".")[0]
            if name in loaded or name in IMPORTED_AT_START:
                return True
    return False


def finish():
    """Ends an action's process, as the last of its exit handlers, before Python takes apart all that was loaded.

    That would copy every page that was there before the fork, which takes longer than most actions.
    """
    if code is None:
        return
    # So that what the pack's modules still hold, such as open files, is closed; the others need not be looked at.
    for name in list(itertools.takewhile(lambda name: name != last_module, reversed(sys.modules))):
        module = sys.modules[name]
        if name != "__main__" and (getattr(module, "__file__", None) or "").startswith(pack + "/"):
            del sys.modules[name]
            vars(module).clear()
    gc.collect()
    status = code
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception:
            status = status or 120
    os._exit(status)


def exit_code(value):
    """The exit code that SystemExit stands for."""
    if value is None:
        return 0
    return value & 0xFF if isinstance(value, int) else 1

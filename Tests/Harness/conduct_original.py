"""Conducts a workflow with the original's conductor, as `petrel debug conduct` does with ours.

    conduct_original.py SHAPE TASKS [--limit SECONDS]

Run it with a Python that has orquesta. Prints one line of JSON: the tasks that it came to, the seconds of processor time
they took, and whether it was stopped at the limit.
"""

import argparse
import collections
import collections.abc
import fractions
import json
import math
import re
import signal
import time


def lenient(compile_pattern):
    """Flags in the middle of a pattern, which Python 3.11 refuses, hold for the whole of it, as they used to."""
    flag = re.compile(r"\(\?([aimsx]+)\)")

    def compiled(pattern, flags=0):
        if isinstance(pattern, str):
            for found in flag.findall(pattern[1:]):
                pattern = pattern.replace("(?%s)" % found, "")
                for letter in found:
                    flags |= getattr(re, letter.upper())
        return compile_pattern(pattern, flags)
    return compiled


def module():
    try:
        re._compile = lenient(re._compile)
        # Orquesta 1.2 and its networkx take names from places where Python no longer has them.
        fractions.gcd = math.gcd
        for name in collections.abc.__all__:
            if not hasattr(collections, name):
                setattr(collections, name, getattr(collections.abc, name))
        from orquesta import conducting, events, statuses
        from orquesta.specs import native
        return conducting, events, statuses, native
    except ImportError:
        return None


def text(shape, tasks):
    head = "version: 1.0\nvars:\n  - n: 0\ntasks:\n"
    if shape == "sequence":
        for number in range(tasks):
            following = "\n        do: t%d" % (number + 1) if number + 1 < tasks else ""
            head += ("  t%d:\n    action: core.noop\n    next:\n      - when: <%% succeeded() %%>\n"
                     "        publish: n=<%% ctx().n + 1 %%>%s\n" % (number, following))
        return head
    names = ["t%d" % number for number in range(tasks)]
    head += "  first:\n    action: core.noop\n    next:\n      - do: [%s]\n" % ", ".join(names)
    for name in names:
        head += "  %s:\n    action: core.noop\n    next:\n      - do: last\n" % name
    return head + "  last:\n    join: all\n    action: core.noop\n"


class Stopped(Exception):
    """The time is over."""


def stop(*_):
    raise Stopped()


def conduct(modules, definition, limit):
    """Runs it to its end, each action ending at once; stops after so many seconds of processor time."""
    conducting, events, statuses, native = modules
    count = 0
    began = time.process_time()
    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        # The graph of a wide fork alone takes it minutes; that is not counted with the tasks of those that get by.
        conductor = conducting.WorkflowConductor(native.WorkflowSpec(definition))
        conductor.request_workflow_status(statuses.RUNNING)
        began = time.process_time()
        while conductor.get_workflow_status() not in statuses.COMPLETED_STATUSES:
            for task in conductor.get_next_tasks():
                for status, result in ((statuses.RUNNING, None), (statuses.SUCCEEDED, {"n": 1})):
                    event = events.ActionExecutionEvent(status, result=result)
                    conductor.update_task_state(task["id"], task["route"], event)
                count += 1
        signal.setitimer(signal.ITIMER_PROF, 0)
        return count, time.process_time() - began, False
    except Stopped:
        return count, time.process_time() - began, True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("shape", choices=["sequence", "fork"])
    parser.add_argument("tasks", type=int)
    parser.add_argument("--limit", type=float, default=20)
    options = parser.parse_args()
    modules = module()
    if modules is None:
        print(json.dumps({"missing": "orquesta"}))
        return
    count, seconds, stopped = conduct(modules, text(options.shape, options.tasks), options.limit)
    print(json.dumps({"tasks": count, "seconds": seconds, "stopped": stopped}))


if __name__ == "__main__":
    main()

"""Runs one Python action and writes what it returned to a file.

The order comes as one line of JSON on the standard input. What the action prints stays apart from its result. With
`--warm PYTHON` it becomes a worker that forks actions (petrel_worker).
"""

import json
import os
import sys

EXIT_BAD_STATUS = 220


def load(path):
    """The module of an action's file, with the file's folder in front of the search path."""
    import importlib.util

    folder = os.path.dirname(path)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def action_class(module):
    """The action that a module declares: its last subclass of Action that is not imported, else one that is."""
    from st2common.runners.base_action import Action

    found = [
        value for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Action) and value is not Action
    ]
    own = [value for value in found if value.__module__ == module.__name__]
    # A class that others of the file build upon is not the action.
    leaves = [value for value in own if not any(other is not value and issubclass(other, value) for other in own)]
    for candidates in (leaves, own, found):
        if candidates:
            return candidates[0]
    raise Exception(
        'File "%s" has no action class or the file doesn\'t exist.' % getattr(module, "__file__", "?"))


def split(output):
    """A returned value as (status, result)."""
    if isinstance(output, tuple) and len(output) == 2:
        status, result = output
        if not isinstance(status, bool):
            sys.stderr.write(
                "Status returned from the action run() method must either be True or False, got: %s\n" % (status,))
            sys.stderr.flush()
            sys.exit(EXIT_BAD_STATUS)
        return status, result
    return None, output


def report(path, status, result):
    """Writes the result; what JSON has no form for is written as text."""
    try:
        text = json.dumps({"status": status, "result": result}, allow_nan=True)
    except Exception:
        text = json.dumps({"status": status, "result": str(result) if status is not None else repr(result)})
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def carry_out(order):
    """Runs the action that an order names."""
    from st2common.runners import base_action
    from st2common.services.datastore import ActionService

    base_action.LOG_LEVEL = order.get("log_level", "DEBUG")
    cls = action_class(load(order["file_path"]))
    service = ActionService(pack=order["pack"], class_name=cls.__name__, user=order["user"])
    action = cls(config=order.get("config") or {}, action_service=service)
    status, result = split(action.run(**order.get("parameters", {})))
    report(order["result_file"], status, result)
    if status is False:
        sys.stdout.flush()
        sys.exit(1)


def main(here, worker):
    """Reads the order and carries it out; an exception goes to the standard error output, with exit code 1."""
    order = json.loads(sys.stdin.readline())
    if worker:
        worker.take_place(order, here)
    sys.argv = [order["file_path"]]
    carry_out(order)


if __name__ == "__main__":
    # Python put this file's folder first; the pack's own modules come before ours.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here] + [here]
    worker = None
    if len(sys.argv) == 3 and sys.argv[1] == "--warm":
        import petrel_worker as worker

        worker.serve(sys.argv[2])
    code = None
    try:
        main(here, worker)
        code = 0
    except SystemExit as leaving:
        code = worker.exit_code(leaving.code) if worker else None
        raise
    except Exception:
        code = 1
        raise
    finally:
        if worker:
            worker.code = code

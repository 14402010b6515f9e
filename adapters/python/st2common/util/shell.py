"""Commands of the machine."""

import shlex
import subprocess


def run_command(cmd, stdin=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, shell=False, cwd=None, env=None):
    """Runs a command to its end: exit code, output, errors."""
    process = subprocess.Popen(cmd, stdin=stdin, stdout=stdout, stderr=stderr, env=env, cwd=cwd, shell=shell)
    output, errors = process.communicate()
    return process.returncode, output, errors


def quote_unix(value):
    """A text as one word of a shell."""
    return shlex.quote(value)

#!/usr/bin/env python3
"""Lets schemathesis loose on a running Petrel and counts the answers that are server errors.

usage: schemathesis_run.py PYTHON URL TOKEN SECONDS [SEED]

PYTHON has the package schemathesis. Prints `schemathesis operations=N requests=N server_errors=N seed=S` and ends with 1
when there is a server error, or hardly anything was asked.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile

PYTHON, URL, TOKEN, SECONDS = sys.argv[1:5]
SEED = sys.argv[5] if len(sys.argv) > 5 else "1"
# The stream has no end.
ENDLESS = "/stream/v1/stream"

with tempfile.TemporaryDirectory() as folder:
    events = os.path.join(folder, "events.ndjson")
    command = [
        PYTHON, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run", URL + "/openapi.json",
        "--header", "X-Auth-Token: " + TOKEN, "--checks", "not_a_server_error", "--exclude-path", ENDLESS,
        "--phases", "coverage,fuzzing", "--max-time", SECONDS, "--request-timeout", "20", "--seed", SEED,
        "--continue-on-failure", "--suppress-health-check", "all", "--report", "ndjson",
        "--report-ndjson-path", events, "--no-color",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    requests, operations, errors = 0, set(), collections.Counter()

    def walk(value):
        """Every exchange in the report, wherever it stands."""
        global requests
        if isinstance(value, dict):
            if "status_code" in value and ("headers" in value or "elapsed" in value):
                requests += 1
                if value["status_code"] >= 500:
                    errors[value["status_code"]] += 1
            if isinstance(value.get("label"), str):
                operations.add(value["label"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    if os.path.exists(events):
        with open(events) as lines:
            for line in lines:
                walk(json.loads(line))

if errors or requests < 100:
    print(ended.stdout[-6000:], ended.stderr[-2000:])
print(f"schemathesis operations={len(operations)} requests={requests} server_errors={sum(errors.values())} seed={SEED}")
sys.exit(1 if errors or requests < 100 else 0)

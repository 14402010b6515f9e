"""Names the tests that a log of `swift test` shows as started and not as ended."""
import re
import sys

open_tests = {}
with open(sys.argv[1], errors="replace") as log:
    for line in log:
        line = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line).strip()
        if started := re.match(r"◇ (Test .*) started\.$", line):
            open_tests[started[1]] = open_tests.get(started[1], 0) + 1
        elif ended := re.match(r"[✔✘] (Test .*?) (?:passed|failed) after ", line):
            name = re.sub(r" with \d+ test cases?$", "", ended[1])
            open_tests.pop(name, None)
        elif skipped := re.match(r"➜ (Test .*?) skipped", line):
            open_tests.pop(skipped[1], None)
for name in list(open_tests)[:60]:
    print("  " + name)

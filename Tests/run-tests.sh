#!/bin/sh
# All that `make test` runs: one debug build, then every test; totals at the end. What is skipped is said.
set -u
cd "$(dirname "$0")/.."
export SWIFT_BACKTRACE=enable=no
echo "Building Petrel and its tests; the first time takes some minutes (libraries first)."
swift build --build-tests || exit 1
log=$(mktemp)
# What the tests leave behind goes into one folder, which goes too.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
swift test --skip-build >"$log" 2>&1
code=$?
grep -E ' passed=[0-9]+ failed=[0-9]+|^fault-|^fuzz-|^skipped ' "$log"
if [ $code -ne 0 ]; then
    grep -E '✘|error:|failed after' "$log" | head -80
    echo "The whole log: $log"
fi
grep -E '(✔|✘) Test run with' "$log" | tail -1
skipped=$(grep -c '^skipped ' "$log")
echo "skipped for want of a tool: $skipped"
[ $code -eq 0 ] && rm -f "$log"
exit $code

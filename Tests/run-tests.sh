#!/bin/sh
# All that `make test` runs: one debug build, then every test; totals at the end. What is skipped is said.
set -u
cd "$(dirname "$0")/.."
export SWIFT_BACKTRACE=enable=no
echo "Building Petrel and its tests; the first time takes some minutes (libraries first)."
swift build --build-tests || exit 1
logs=$(mktemp -d)
# What the tests leave behind goes into one folder, which goes too.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# The tests that only compute share the cores. Those with processes, sockets and time-outs run in two lanes, in each one
# after the other, so that none waits for a core that ten others keep busy.
computing='^(ArchitectureTests|ConformanceTests|PetrelCoreTests|PetrelExpressionsTests|PetrelAliasesTests|PetrelWorkflowTests)\.'
whole='^(FaultTests|IntegrationTests)\.'

# Runs the tests that the arguments choose, into a log. The time is far more than they need on two cores; a test that
# hangs is named instead of waited for.
part() {
    log="$logs/$1"
    seconds=$2
    shift 2
    timeout -k 30 "$seconds" swift test --skip-build --ignore-lock "$@" >"$log" 2>&1
    echo $? >"$log.code"
}

# Says what a part has found; its figures first.
report() {
    log="$logs/$1"
    code=$(cat "$log.code")
    grep -E ' passed=[0-9]+ failed=[0-9]+|^fault-|^fuzz-|^skipped |^[a-z0-9-]+ [a-z_]+=[0-9]' "$log"
    [ "$code" -eq 0 ] && return
    failed=1
    grep -E '✘|error:|failed after' "$log" | head -80
    if ! grep -qE '(✔|✘) Test run with' "$log"; then
        echo "The run did not come to its end (exit code $code). Begun and not ended:"
        python3 Tests/Harness/unfinished.py "$log"
    fi
    echo "The whole log: $log"
}

failed=0
part computing 1200 --filter "$computing"
part whole 2400 --no-parallel --filter "$whole" &
part parts 2400 --no-parallel --skip "$computing" --skip "$whole"
wait
for name in computing whole parts; do report $name; done

grep -hE '(✔|✘) Test run with' "$logs"/*
cat "$logs"/* | sed -nE 's/.*Test run with ([0-9]+) tests? in ([0-9]+) suites?.*/\1 \2/p' |
    awk '{ tests += $1; suites += $2 } END { print "tests=" tests " suites=" suites }'
echo "skipped for want of a tool: $(cat "$logs"/* | grep -c '^skipped ')"
[ $failed -eq 0 ] && rm -rf "$logs"
exit $failed

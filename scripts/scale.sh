#!/usr/bin/env bash
# How long `runner` takes on a ledger of many runs, and how much memory: scripts/scale.sh [RUNS], by default 100000. Fails beyond the
# limits below, which are for that many. Takes some minutes; keep the machine idle.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-100000}
[[ $runs =~ ^[1-9][0-9]*$ ]] || { echo "scripts/scale.sh: $runs: give a number of runs" >&2; exit 2; }

cmake --preset release > /dev/null
cmake --build --preset release --target runner promptbed_large_ledger > /dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build/release/promptbed_large_ledger "$work/ledger.db" "$runs" 2> "$work/fault" || { cat "$work/fault" >&2; exit 1; }

failed=0
# limit SECONDS WHAT COMMAND...: the best of three, since the first one reads the disk.
limit() {
  local most=$1 what=$2 best
  shift 2
  best=$(for _ in 1 2 3; do
    /usr/bin/python3 - "$@" <<'TIMES'
import resource, subprocess, sys, time
begin = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.monotonic() - begin
print(f"{seconds:.2f} s, {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")
TIMES
  done | sort -n | head -1)
  printf '%-44s %s (at most %s s)\n' "$what" "$best" "$most"
  awk -v "time=${best%% s*}" -v "most=$most" 'BEGIN { exit !(time <= most) }' || failed=1
}
limit 3 "report" build/release/runner report --db "$work/ledger.db" --shots 16
limit 1 "runs list" build/release/runner runs list --db "$work/ledger.db"
limit 1 "runs list of one method" build/release/runner runs list --db "$work/ledger.db" --methods coop
# The ledger has no prompts beside it. Anything else that is found is a fault.
limit 15 "ledger check" sh -c '! build/release/runner ledger check --db "$0" | grep -v ": is missing, although its run is done"' "$work/ledger.db"
exit $failed

#!/usr/bin/env bash
# Measures which lines of core/ the tests reach, and prints a table by folder: scripts/coverage.sh [records|all]
# records (the default): the rooms without LibTorch and their tests, in some minutes. all: everything, in an hour on two cores.
# The annotated sources are in build/coverage/report/index.html.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-records} in
  records) targets=(records_tests) folders='core/(base|formats|table|tokenizer|data|results|report)/' ;;
  all) targets=(all) folders='(core|plugins)/' ;;
  *) echo "scripts/coverage.sh: $1: known: records, all" >&2; exit 2 ;;
esac
command -v gcovr > /dev/null || { echo "scripts/coverage.sh: needs gcovr; install the package gcovr" >&2; exit 2; }

build=build/coverage
cmake --preset debug -B $build -DPROMPTBED_COVERAGE=ON -DPROMPTBED_SANITIZE=OFF > /dev/null
cmake --build $build --target "${targets[@]}"
find $build -name '*.gcda' -delete
if [ "${targets[0]}" = all ]; then
  ctest --test-dir $build --parallel "$(nproc)" --output-on-failure
else
  OMP_NUM_THREADS=1 $build/records_tests --gtest_brief=1
fi

mkdir -p $build/report
gcovr --root . --object-directory $build --filter "$folders" --exclude-throw-branches \
  --html-details $build/report/index.html --json-summary $build/report/summary.json > /dev/null
python3 - $build/report/summary.json <<'PYTHON'
import collections, json, sys

summary = json.load(open(sys.argv[1]))
folders = collections.defaultdict(lambda: [0, 0])
for file in summary["files"]:
    folder = "/".join(file["filename"].split("/")[:2])
    folders[folder][0] += file["line_covered"]
    folders[folder][1] += file["line_total"]
for folder, (covered, total) in sorted(folders.items()):
    print(f"{folder:<16} {100 * covered / total:5.1f} %  of {total} lines")
print(f"{'all':<16} {summary['line_percent']:5.1f} %  of {summary['line_total']} lines")
PYTHON

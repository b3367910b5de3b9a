#!/usr/bin/env bash
# Builds the API pages of the public headers: scripts/docs.sh [FOLDER], by default build/docs. A name without a
# description, or with a wrong one, is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v doxygen > /dev/null || { echo "scripts/docs.sh: needs doxygen; run scripts/deps.sh --tests" >&2; exit 2; }
export PROMPTBED_DOCS=${1:-build/docs}
export PROMPTBED_RELEASE
PROMPTBED_RELEASE=$(sed -n 's/^project(promptbed VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
mkdir -p "$PROMPTBED_DOCS"
doxygen docs/Doxyfile
echo "$PROMPTBED_DOCS/html/index.html"

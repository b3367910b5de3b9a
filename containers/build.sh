#!/usr/bin/env bash
# Builds the Debian package in a bare Debian, as root: build.sh FILE.deb. The recipes of this folder call it, and so does the test of both
# (scripts/containers_test.sh).
set -euo pipefail
package=$(realpath -m "$1")
cd "$(dirname "$0")/.."

scripts/deps.sh
apt-get install -y -qq --no-install-recommends dpkg-dev file # cpack finds by these which libraries the package needs.
build=$(mktemp -d)
cmake -S . -B "$build" -G Ninja -D CMAKE_BUILD_TYPE=Release -D PROMPTBED_BUILD_TESTS=OFF
cmake --build "$build"
(cd "$build" && cpack --config CPackConfig.cmake)
mv "$build"/promptbed_*.deb "$package"
rm -rf "$build"

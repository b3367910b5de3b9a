#!/usr/bin/env bash
# Installs the package and what it needs into a bare Debian, as root, and leaves no lists behind: install.sh FILE.deb.
set -euo pipefail
package=$(realpath "$1")

apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" gnuplot-nox
rm -rf /var/lib/apt/lists/*

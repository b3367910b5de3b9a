#!/usr/bin/env bash
# Installs what building and using promptbed takes, on Debian and its relatives, and with --tests what its tests take as well.
# Does nothing, fast, when all is there.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache git pkg-config
  libtorch-dev libdnnl-dev libopenblas0-openmp # Debian's default BLAS, the reference one, makes LibTorch 30 times slower.
  libboost-dev libboost-filesystem-dev libboost-program-options-dev libboost-system-dev
  libfmt-dev nlohmann-json3-dev libxxhash-dev zlib1g-dev libzip-dev
  libicu-dev libgumbo-dev
  libjpeg62-turbo-dev libpng-dev libwebp-dev libgif-dev libtiff-dev libstb-dev
  libmatio-dev libhdf5-dev libsqlite3-dev libsqlitecpp-dev
  libpugixml-dev gnuplot-nox # Plots in reports.
  libgtest-dev libbenchmark-dev
)
case ${1:-} in
  '') ;;
  # A browser for the report page, what checks and fuzzes the sources, what kills a sweep at a chosen system call, what counts
  # instructions, and a cluster.
  --tests) packages+=(chromium chromium-driver python3 clang clang-format doxygen strace valgrind groff-base munge slurmctld slurmd slurm-client) ;;
  *) echo "scripts/deps.sh: $1: known: --tests" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
echo "installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"

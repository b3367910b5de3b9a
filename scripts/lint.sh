#!/usr/bin/env bash
# Checks the layout of every source with clang-format and the code with clang-tidy: scripts/lint.sh [FILE...]
# By default clang-tidy reads what does not see LibTorch: clang cannot parse LibTorch 1.13's headers as C++20.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(git ls-files 'core/base/*.cpp' 'core/data/*.cpp' 'core/results/*.cpp'); fi
git ls-files '*.cpp' '*.h' | xargs clang-format --dry-run --Werror

# The build without its precompiled headers, which are g++'s.
cmake --preset release -B build/lint -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON > /dev/null
cmake --build build/lint --target promptbed_version > /dev/null
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p build/lint

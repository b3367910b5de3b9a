#!/usr/bin/env bash
# Checks the layout of all sources with clang-format, and the code of those that see no LibTorch with clang-tidy, which cannot parse
# LibTorch 1.13's headers as C++20: scripts/lint.sh [FILE...], by default every source of those folders.
set -euo pipefail
cd "$(dirname "$0")/.."

folders=(core/base core/formats core/table core/tokenizer core/data core/results core/report core/cli/records ':(glob)core/cli/*')
files=("$@")
for file in "${files[@]}"; do
  [ -f "$file" ] || { echo "scripts/lint.sh: $file: is no file; give sources, from the root of the repository" >&2; exit 2; }
done
if [ $# -eq 0 ]; then mapfile -t files < <(git ls-files "${folders[@]}" | grep '\.cpp$'); fi

git ls-files '*.cpp' '*.h' | xargs clang-format --dry-run --Werror

# A build folder for its compile_commands.json, without the precompiled headers, which are g++'s.
cmake --preset release -B build/lint -D CMAKE_DISABLE_PRECOMPILE_HEADERS=ON -D PROMPTBED_UNITY=OFF > /dev/null
cmake --build build/lint --target promptbed_version > /dev/null
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p build/lint

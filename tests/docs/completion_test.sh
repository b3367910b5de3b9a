#!/usr/bin/env bash
# What is installed for shells and man knows every command: completion_test.sh PREFIX
set -euo pipefail
prefix=$1

commands=$("$prefix/bin/runner" --help | sed -n 's/^  \([a-z]\+\)  .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 13 ] || { echo "runner --help lists too few commands: $commands" >&2; exit 1; }

# shellcheck source=/dev/null
source "$prefix/share/bash-completion/completions/runner"
COMP_WORDS=(runner "") COMP_CWORD=1
_runner
for command in $commands; do
  grep -qw -- "$command" <<<"${COMPREPLY[*]}" || { echo "bash does not offer $command" >&2; exit 1; }
  grep -q -- "'$command:" "$prefix/share/zsh/site-functions/_runner" || { echo "zsh does not know $command" >&2; exit 1; }
  grep -q -- "-a $command " "$prefix/share/fish/vendor_completions.d/runner.fish" || { echo "fish does not know $command" >&2; exit 1; }
  grep -q "^\.SS \"$command" "$prefix/share/man/man1/runner.1" || { echo "the man page does not have $command" >&2; exit 1; }
done
echo "$(wc -w <<<"$commands") commands"

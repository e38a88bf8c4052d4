#!/usr/bin/env bash
# Writes the man page, the completions of shells and the tables of options and commands anew, from what the built
# program says of itself. tests/cli/reference_test.cpp compares them.
#
#   ./scripts/reference.sh [PROGRAM]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=${1:-build/release/bin/attnscope}
write() { "$program" reference "$1" --progress none --out "$2"; }
write man packaging/attnscope.1
write bash packaging/completions/attnscope.bash
write zsh packaging/completions/_attnscope
write fish packaging/completions/attnscope.fish
write options docs/options.md
write commands docs/commands.md

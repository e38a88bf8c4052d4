#!/usr/bin/env bash
# Everything from a bare Debian 12 to the window: dependencies, build, sample bank, program.
#
#   ./scripts/run.sh [--build-only] [--no-sample] [--cuda] [-- ARGUMENTS]
#
#   --build-only   stop once the program and the sample bank are built
#   --no-sample    leave the sample bank out
#   --cuda         fetch and build the CUDA part even if no NVIDIA driver is found
#   -- ARGUMENTS   what follows goes to the program
#
# Without a display it writes the sample workspace's figures to ./figures instead of opening the window.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/bootstrap.sh"
. "$SCRIPTS/build.sh"

build_only=no sample=yes cuda=''
while [ $# -gt 0 ]; do
    case $1 in
    --build-only) build_only=yes ;;
    --no-sample) sample=no ;;
    --cuda) cuda=--cuda ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    --) shift; break ;;
    *) printf '%s\n' "run.sh: expected --build-only, --no-sample, --cuda or --, got $1" >&2; exit 2 ;;
    esac
    shift
done

bootstrap $cuda
build_program
[ $sample = no ] || build_sample
[ $build_only = no ] || exit 0

cd "$CALLED_FROM"
if [ $# -gt 0 ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$PROGRAM" "$@"
fi
write_figures "$CALLED_FROM/figures"

#!/usr/bin/env bash
# Builds and runs every test: the release build under a virtual display, the sanitizer builds with the fuzz corpora, and
# the CUDA module where a CUDA compiler is. Ends with one line of totals; the exit status is 0 if nothing failed. A test
# without its data is skipped; a suite that is missing from a build is a failure.
#
#   ./scripts/test.sh
#
# ATTNSCOPE_GOLDEN names the folder of reference results, ATTNSCOPE_FUZZ_SECONDS (0) how long each fuzz target searches
# beyond its corpus, ATTNSCOPE_JOBS how many jobs run at once; with ATTNSCOPE_WATCH_COMPUTE=0 the sanitizers leave out what
# calls LibTorch.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/bootstrap.sh"
. "$SCRIPTS/build.sh"

passed=0 failed=0 skipped=0 problems=''
scratch=$(mktemp -d)
display_process=''
clean_up() {
    [ -z "$display_process" ] || kill "$display_process" 2>/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT

# problem TEXT: counts as one failure and is repeated at the end.
problem() {
    failed=$((failed + 1))
    problems+="$1"$'\n'
    printf '%s\n' "attnscope: $1" >&2
}

# run_tests PRESET [CTEST OPTION...]: adds ctest's own totals to ours.
run_tests() {
    local preset=$1 log=$scratch/ctest.log line bad all left
    shift
    (cd "$ROOT" && ctest --preset "$preset" --no-tests=ignore "$@") 2>&1 | tee "$log" || true
    line=$(grep -E 'tests passed, [0-9]+ tests failed out of [0-9]+' "$log" | tail -n 1) || line=''
    if [ -z "$line" ]; then
        grep -q 'No tests were found' "$log" || problem "$preset $*: ctest ended without a summary"
        return 0
    fi
    bad=$(sed -E 's/.*, ([0-9]+) tests failed out of .*/\1/' <<<"$line")
    all=$(sed -E 's/.* out of ([0-9]+).*/\1/' <<<"$line")
    left=$(grep -cE '^[[:space:]]+[0-9]+ - .* \((Skipped|Disabled)\)$' "$log") || left=0
    passed=$((passed + all - bad - left))
    failed=$((failed + bad))
    skipped=$((skipped + left))
    [ "$bad" = 0 ] || problems+="$preset: $(sed -n '/The following tests FAILED/,$p' "$log" | grep -E '^\s+[0-9]+ - ' |
        sed -E 's/^\s+[0-9]+ - //' | tr '\n' ',')"$'\n'
}

# require_suites PRESET SUITE...: programs that must be among the preset's tests. CMake leaves out what lacks a library.
require_suites() {
    local preset=$1 suite listed
    shift
    listed=$(cd "$ROOT" && ctest --preset "$preset" --show-only=json-v1 2>/dev/null) || listed=''
    for suite in "$@"; do
        grep -qE "/$suite\"" <<<"$listed" || problem "$preset: $suite is missing from the build"
    done
}

# The fuzz targets by their sources, each with a corpus.
fuzz_suites() {
    local source name
    for source in "$ROOT"/tests/fuzz/*.cpp; do
        name=$(basename "$source" .cpp)
        echo "fuzz_${name#fuzz_}"
    done
}
require_corpora() {
    local suite corpus
    for suite in $(fuzz_suites); do
        corpus=$ROOT/tests/fuzz/corpus/${suite#fuzz_}
        [ -n "$(ls -A "$corpus" 2>/dev/null)" ] || problem "$suite: no corpus in tests/fuzz/corpus/${suite#fuzz_}"
    done
}

# In a subshell, since compile ends the shell it fails in: the other presets still get their turn.
prepare() { (configure "$1" && compile "$@") || { problem "$1 could not be built"; return 1; }; }

# watched PRESET [OPTION...]: as prepare, with what is run under the sanitizers.
watched() {
    local preset=$1
    shift
    (configure "$preset" -DATTNSCOPE_COMPUTE=$with_libtorch "$@" && compile "$preset") ||
        { problem "$preset could not be built"; return 1; }
}

# One failure for all sources that clang-format would change.
check_format() {
    local changed
    changed=$(cd "$ROOT" && git ls-files '*.cpp' '*.h' '*.cu' | xargs clang-format-14 --dry-run 2>&1 |
        sed -nE 's/^([^:]+):[0-9]+:[0-9]+: warning: .*/\1/p' | sort -u | tr '\n' ' ')
    [ -z "$changed" ] && passed=$((passed + 1)) || problem "clang-format-14 -i is due for $changed"
}

start_display() {
    Xvfb -displayfd 8 -screen 0 1920x1200x24 -nolisten tcp 8>"$scratch/display" 2>"$scratch/xvfb.log" &
    display_process=$!
    local tries=0
    until [ -s "$scratch/display" ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] && kill -0 "$display_process" 2>/dev/null || fail "Xvfb did not start: $(cat "$scratch/xvfb.log")"
        sleep 0.1
    done
    export DISPLAY=:$(cat "$scratch/display")
    unset WAYLAND_DISPLAY
    # Mesa's software rasteriser, whatever graphics the machine has, so that pixels are the same everywhere.
    export LIBGL_ALWAYS_SOFTWARE=1
}

# Of the compute module, what shares work out among threads or walks through memory by hand; comparisons of numbers and
# trainings are the release build's. Without optimisation a few take minutes each, and show nothing that the others do not.
slow_compute='^(AttentionHead.GainCurvesOfALongText|AttentionPoints.HoldATile)|ChangeNoBitOfResidual'
watched_compute='ThreadCounts.*Llama|ThreadCountsOf|^(ResidualSweep|TwoNearestNeighbours|JacobianModel|Forward|BertEncoder)[.]'
watched_compute+='|^(AttentionHead|AttentionHeads|AttentionPoints|RetrievalPass|Covariance|PackedMatrix|SecondMoments)[.]'
watched_compute+='|^(LayerRows|HeadScores|SoftmaxJacobian|SimplexVolumes|AlignmentOperators)[.]'

# What is built and run under the sanitizers.
with_libtorch=ON watched_labels='core|jobs|state' watched_suites='test_base test_jobs test_compute test_state'
if [ "${ATTNSCOPE_WATCH_COMPUTE:-1}" = 0 ]; then
    with_libtorch=OFF watched_labels='core|jobs' watched_suites='test_base test_jobs'
fi

started=$SECONDS
bootstrap
mkdir -p "$ROOT/build"
# Tests must neither read nor leave anything in the home folder.
export XDG_CONFIG_HOME=$scratch/config XDG_STATE_HOME=$scratch/state XDG_DATA_HOME=$scratch/data
mkdir -p "$XDG_CONFIG_HOME" "$XDG_STATE_HOME" "$XDG_DATA_HOME"

say "Format of the sources"
check_format
if prepare release; then
    say "Tests: release"
    require_suites release test_base test_compute test_jobs test_state test_cli test_ui test_window test_gpu $(fuzz_suites)
    require_corpora
    start_display
    run_tests release -LE 'ui|gpu' -j "$JOBS"
    # One window at a time: these measure pixels and frames.
    run_tests release -L ui
    [ ! -e /proc/driver/nvidia/version ] || run_tests release -L gpu
fi
if watched asan; then
    say "Tests: asan"
    require_suites asan $watched_suites $(fuzz_suites)
    run_tests asan -L "$watched_labels" -j "$JOBS"
    # Whether the bits depend on the number of threads is asked of the other build, and of the release.
    [ $with_libtorch = OFF ] ||
        run_tests asan -L compute -R "$watched_compute" -E "$slow_compute|ThreadCounts" -j "$JOBS"
    if [ "${ATTNSCOPE_FUZZ_SECONDS:-0}" -gt 0 ]; then
        for target in "$ROOT"/build/asan/fuzz/fuzz_*; do
            name=$(basename "$target")
            mkdir -p "$scratch/$name"
            (cd "$scratch/$name" && "$target" -max_total_time="$ATTNSCOPE_FUZZ_SECONDS" -rss_limit_mb=4096 -timeout=10 \
                -verbosity=0 . "$ROOT/tests/fuzz/corpus/${name#fuzz_}") && passed=$((passed + 1)) ||
                problem "$name found an input that fails"
        done
    fi
fi
# The fuzz targets alone need what the window keeps, and are the other build's.
if watched tsan -DATTNSCOPE_STATE=$with_libtorch; then
    say "Tests: tsan"
    require_suites tsan $watched_suites
    # Drawing has one thread, and would be most of the time.
    run_tests tsan -L "$watched_labels" -E '^(FigureLayout|FigureWriters|AttentionFigures|Svg|Png|Pdf)[.]' -j "$JOBS"
    [ $with_libtorch = OFF ] || run_tests tsan -L compute -R "$watched_compute" -E "$slow_compute" -j "$JOBS"
fi
CUDACXX=$(find_nvcc)
export CUDACXX
if [ -n "$CUDACXX" ]; then
    if ls "$ROOT"/core/src/kernels/*.cu >/dev/null 2>&1 && prepare cuda attnscope_cuda; then
        say "CUDA module compiled"
        passed=$((passed + 1))
    fi
else
    say "CUDA module left out: no nvcc here"
fi

say "Done in $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s"
[ -z "$problems" ] || printf '%s' "$problems"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]

# Sourced by run.sh and test.sh after bootstrap.sh: builds the program, the sample bank and the sample's figures.

PROGRAM=$ROOT/build/release/bin/attnscope
ENCODER=$ATTNSCOPE_CACHE/models/all-MiniLM-L6-v2
SAMPLE=$ATTNSCOPE_CACHE/sample/wordnet-minilm-20000.safetensors

# configure PRESET [OPTION...]: only where it has not been done with these options and presets, since it takes seconds.
configure() {
    local preset=$1 folder=$ROOT/build/$1 wanted
    shift
    wanted="$ATTNSCOPE_CACHE $(sha256sum <"$ROOT/CMakePresets.json" | cut -c1-16) $*"
    if [ ! -e "$folder/build.ninja" ] || [ "$(cat "$folder/.configured" 2>/dev/null)" != "$wanted" ]; then
        say "Configuring $preset"
        (cd "$ROOT" && cmake --fresh --preset "$preset" -DATTNSCOPE_CACHE_DIR="$ATTNSCOPE_CACHE" "$@") \
            >"$ROOT/build/$preset.log" 2>&1 || {
            tail -n 20 "$ROOT/build/$preset.log" >&2
            fail "configuring $preset failed (build/$preset.log)"
        }
        printf '%s' "$wanted" >"$folder/.configured"
    fi
}

# compile PRESET [TARGET...]; silent when everything is up to date.
compile() {
    local preset=$1 begun=no line
    shift
    check_space "$ROOT" 1500 "the $preset build"
    ninja -C "$ROOT/build/$preset" -j "$JOBS" "$@" 2>&1 | while IFS= read -r line; do
        case $line in
        *Entering\ directory* | *Re-checking\ globbed* | *no\ work\ to\ do* | *GLOB\ mismatch*) continue ;;
        esac
        [ $begun = yes ] || { say "Building $preset ($JOBS jobs)"; begun=yes; }
        printf '%s\n' "$line"
    done || fail "building $preset failed (see above)"
}

build_program() {
    local with_cuda=OFF
    [ "$WANT_CUDA" = no ] || with_cuda=ON
    mkdir -p "$ROOT/build"
    configure release -DATTNSCOPE_CUDA=$with_cuda
    compile release attnscope
}

build_sample() {
    [ -s "$SAMPLE" ] && return
    say "Sample bank: 20,000 WordNet glosses through MiniLM"
    mkdir -p "$(dirname "$SAMPLE")"
    check_space "$(dirname "$SAMPLE")" 200 "the sample bank"
    "$PROGRAM" bank wordnet --encoder "$ENCODER" --limit 20000 --progress plain --out "$SAMPLE" ||
        fail "the sample bank could not be built (see above)"
}

# write_figures FOLDER: every panel of the sample workspace, for a machine without a display.
write_figures() {
    say "No display: writing the sample workspace's figures"
    "$PROGRAM" figure --panel all --types svg,pdf --out "$1" ||
        fail "the figures could not be written (see above)"
    say "Figures are in $1"
}

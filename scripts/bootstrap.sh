# Sourced by run.sh and test.sh: makes a Debian 12 machine ready to build attnscope.
#
#   bootstrap [--cuda]
#
# Leaves in the environment: ROOT (the checkout), CALLED_FROM, ATTNSCOPE_CACHE (downloads and unpacked dependencies),
# WANT_CUDA (yes or no) and JOBS. Everything fetched is pinned and checked; what is already there is not looked at again,
# so a second run costs a fraction of a second and no network.

CALLED_FROM=$PWD
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SCRIPTS=$ROOT/scripts
export ATTNSCOPE_CACHE=${ATTNSCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/attnscope}
TORCH_ENVIRONMENT=$ATTNSCOPE_CACHE/torch-2.11.0
STAMPS=$ATTNSCOPE_CACHE/stamps
JOBS=${ATTNSCOPE_JOBS:-$(nproc)}

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
fail() { printf '%s\n' "attnscope: $*" >&2; exit 1; }

check_distribution() {
    local id='' version=''
    if [ -r /etc/os-release ]; then
        id=$(. /etc/os-release && echo "${ID:-}")
        version=$(. /etc/os-release && echo "${VERSION_ID:-}")
    fi
    [ "$id" = debian ] && [ "$version" = 12 ] ||
        fail "distribution: expected Debian 12, got ${id:-an unknown system} ${version} (/etc/os-release)"
    [ "$(uname -m)" = x86_64 ] || fail "processor: expected x86_64, got $(uname -m)"
}

# check_space FOLDER MEGABYTES PURPOSE
check_space() {
    local folder=$1 free
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    free=$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$2" ] || fail "disk: expected $2 MB free for $3, got $free MB ($folder)"
}

# Packages of packages.txt that are absent or older than the version beside them.
missing_packages() {
    local name least version
    declare -A installed=()
    while read -r name version; do installed[${name%%:*}]=$version; done < <(
        dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' | sed -n 's/^installed //p')
    while read -r name least; do
        version=${installed[$name]:-}
        if [ -z "$version" ] || { [ -n "$least" ] && dpkg --compare-versions "$version" lt "$least"; }; then
            echo "$name"
        fi
    done < <(grep -v '^ *\(#\|$\)' "$SCRIPTS/packages.txt")
}

install_packages() {
    local stamp="$STAMPS/packages-$(sha256sum "$SCRIPTS/packages.txt" | cut -c1-16)" missing
    [ -e "$stamp" ] && [ ! /var/lib/dpkg/status -nt "$stamp" ] && return
    missing=$(missing_packages | tr '\n' ' ')
    if [ -n "$missing" ]; then
        local command="apt-get install -y --no-install-recommends ${missing% }" as=''
        if [ "$(id -u)" != 0 ]; then
            if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
                as=sudo
            else
                fail "Debian packages are missing; as root, run: apt-get update && $command"
            fi
        fi
        check_space /usr 1500 "Debian packages"
        say "Debian packages: $missing"
        $as env DEBIAN_FRONTEND=noninteractive apt-get -qq update ||
            fail "no network: apt-get update failed while fetching the package lists"
        $as env DEBIAN_FRONTEND=noninteractive $command ||
            fail "Debian packages: the command failed: $command"
    fi
    touch "$stamp"
}

# install_wheels NAME: the pinned wheels of requirements-NAME.txt into the LibTorch environment.
install_wheels() {
    local list=$SCRIPTS/requirements-$1.txt
    local stamp="$STAMPS/wheels-$1-$(sha256sum "$list" | cut -c1-16)"
    [ -e "$stamp" ] && [ -d "$TORCH_ENVIRONMENT/lib/python3.11/site-packages/torch/lib" ] && return
    local need=2500
    [ "$1" = cpu ] || need=9000
    check_space "$ATTNSCOPE_CACHE" $need "LibTorch ($1)"
    check_space "${TMPDIR:-/tmp}" 1000 "LibTorch ($1)"
    [ -x "$TORCH_ENVIRONMENT/bin/pip" ] || /usr/bin/python3 -m venv "$TORCH_ENVIRONMENT" ||
        fail "LibTorch: the Python environment $TORCH_ENVIRONMENT could not be made"
    # Asked first because pip would try for a minute and say it in twenty lines.
    "$TORCH_ENVIRONMENT/bin/python" "$SCRIPTS/fetch.py" --check || exit 1
    say "LibTorch 2.11.0: pinned wheels ($1)"
    # Left uncompiled: only the headers and libraries of these wheels are used, never their Python modules. Installed anew
    # because an interrupted run may have left half a package that calls itself complete.
    "$TORCH_ENVIRONMENT/bin/python" -m pip install --disable-pip-version-check --no-deps --no-compile \
        --force-reinstall --require-hashes -r "$list" ||
        fail "pinned wheels ($1) could not be installed: the network broke off, or a hash differs (see above)"
    touch "$stamp"
}

install_archives() {
    local archive sha256 folder members stamp
    while read -r archive sha256 folder members; do
        stamp=$STAMPS/${archive%%-*}-${sha256:0:16}
        [ -e "$stamp" ] && [ -d "$ATTNSCOPE_CACHE/$folder" ] && continue
        check_space "$ATTNSCOPE_CACHE" 500 "$archive"
        say "$archive"
        "$TORCH_ENVIRONMENT/bin/python" "$SCRIPTS/fetch.py" "$archive" "$sha256" "$ATTNSCOPE_CACHE/$folder" $members ||
            exit 1
        touch "$stamp"
    done < <(grep -v '^ *\(#\|$\)' "$SCRIPTS/archives.txt")
}

find_nvcc() {
    local place
    for place in "${CUDACXX:-}" "$(command -v nvcc || true)" /usr/local/cuda/bin/nvcc \
        "$TORCH_ENVIRONMENT/lib/python3.11/site-packages/nvidia/cu13/bin/nvcc"; do
        [ -n "$place" ] && [ -x "$place" ] && { echo "$place"; return; }
    done
}

bootstrap() {
    WANT_CUDA=no
    [ "${1:-}" = --cuda ] || [ -e /proc/driver/nvidia/version ] && WANT_CUDA=yes
    check_distribution
    mkdir -p "$STAMPS" 2>/dev/null || fail "cache: expected a writable folder, got $ATTNSCOPE_CACHE"
    exec 9>"$ATTNSCOPE_CACHE/lock"
    flock 9
    install_packages
    install_wheels cpu
    install_archives
    if [ $WANT_CUDA = yes ]; then
        install_wheels cuda
        [ -n "$(find_nvcc)" ] || install_wheels nvcc
        CUDACXX=$(find_nvcc)
        export CUDACXX
    fi
    exec 9>&-
}

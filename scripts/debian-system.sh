# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=bash
# Functions for the scripts that run something in a new Debian system. debootstrap creates the system in a temporary folder. It
# shares with this machine the checkout, a target folder, the Rust toolchain and cargo's registry, under the same paths, so that
# compiled crates are reused. It also uses this machine's settings of the network, apt, pip and cargo. Nothing else is shared: no
# package, and no .deps.
# All mounts are in a separate mount namespace, which ends with its last process, so that no mount remains.
# A script calls in_namespaces first: it runs the script again inside the namespaces, where in_namespaces returns at once and sets
# `system`, the folder of the new system.

host_codename() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

mirror() { # mirror SUITE: prints the Debian mirror of this machine; nothing on another system, for which debootstrap has a default
    apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(ORIGIN) $(REPO_URI)' 'Identifier: Packages' 2>/dev/null |
        awk -v suite="$1" -v host="$(host_codename)" '($1 == suite || $1 == host) && $2 == "main" && $3 == "Debian" { print $4; exit }'
}

copy() { # copy PATH...: copies existing files and folders to the same path in the new system
    local path
    for path; do
        [ -e "$path" ] || continue
        mkdir -p "$system$(dirname "$path")"
        cp -rL "$path" "$system$(dirname "$path")/"
    done
}

share() { # share FOLDER...: mounts folders at the same path in the new system
    local path
    for path; do
        mkdir -p "$path" "$system$path"
        mount --bind "$path" "$system$path"
    done
}

networks() { # networks SUITE: copies the network settings of apt, pip, cargo and TLS
    copy /etc/resolv.conf /etc/hosts /etc/pip.conf "$HOME/.config/pip" "$HOME/.pip" \
        /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt \
        "$cargo_home/config.toml" "$cargo_home/config" "$cargo_home/credentials.toml"
    apt-config dump | grep -E '^Acquire::(Check|http|https|ftp|Retries|AllowInsecure|ForceIP)' \
        >"$system/etc/apt/apt.conf.d/90networks" || true
    if [ "$(host_codename)" = "$1" ]; then
        copy /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/auth.conf /etc/apt/auth.conf.d \
            /etc/apt/trusted.gpg.d /etc/apt/keyrings /usr/share/keyrings
    fi
}

environment() { # prints the environment variables of apt, pip, cargo and TLS as NAME=VALUE, each followed by a zero byte
    env -0 | grep -zE '^([a-zA-Z]+_proxy|[A-Z]+_PROXY|PIP_[A-Z_]+|CARGO_(BUILD|HTTP|NET|PROFILE|REGISTRIES|REGISTRY|SOURCE)_[A-Z0-9_]+|RUSTFLAGS|SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|GIT_SSL_CAINFO)=' || true
}

create_system() { # create_system SUITE TARGET: creates the system; TARGET is the target folder that it shares
    local from
    mapfile -t from < <(mirror "$1")
    mkdir -p "$system"
    within 900 debootstrap --variant=minbase "$1" "$system" "${from[@]}"
    echo "an empty Debian $1 after $SECONDS s"
    networks "$1"
    mount -t proc proc "$system/proc"
    mount --rbind /sys "$system/sys"
    mount --rbind /dev "$system/dev"
    share "$root" "$toolchain" "$cargo_home/registry" "$2"
    mkdir -p "$tools" "$system/var/deps"
    mount --bind "$system/var/deps" "$system$tools"
    if [ -d "$root/../shared" ]; then
        mkdir -p "$system${root%/*}/shared"
        mount --bind "$root/../shared" "$system${root%/*}/shared"
    fi
}

run_in_system() { # run_in_system SECONDS TARGET COMMAND...: runs a command in the system, with a time limit
    local variables=(HOME="$HOME" TERM="${TERM:-dumb}" PATH="$toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        CARGO_HOME="$cargo_home" CARGO_TARGET_DIR="$2" PLAYREADY_BARE_MACHINE=1) more
    mapfile -d '' more < <(environment)
    mkdir -p "$system$HOME"
    within "$1" chroot "$system" env -i "${more[@]}" "${variables[@]}" "${@:3}"
}

in_namespaces() { # in_namespaces ARGUMENT...: makes a temporary folder and runs the script again with these arguments
    toolchain=${DEBIAN_SYSTEM_TOOLCHAIN:-} cargo_home=${CARGO_HOME:-$HOME/.cargo} system=${DEBIAN_SYSTEM:-}
    [ -z "$system" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "$0 makes a system of its own and needs root: sudo $0 $*" >&2
        exit 1
    fi
    if ! command -v debootstrap >/dev/null; then
        echo "debootstrap is not here: apt-get install debootstrap" >&2
        exit 1
    fi
    require_rust
    folder=$(mktemp -d)
    trap 'rm -rf --one-file-system "$folder"' EXIT
    DEBIAN_SYSTEM=$folder/system DEBIAN_SYSTEM_TOOLCHAIN=$(within 60 rustc --print sysroot) \
        unshare --mount --propagation private --pid --fork --kill-child "$0" "$@"
    exit
}

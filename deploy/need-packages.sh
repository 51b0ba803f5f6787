#!/bin/sh
# Installs Debian packages. For root it does so at once; other users are asked first. Without a terminal it only says what to install.
set -eu
install="apt-get -qq install -y --no-install-recommends $*"
if ! command -v apt-get >/dev/null; then
    echo "error: this needs what Debian calls $*; install it, and try again" >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    as=env
elif [ -t 0 ] && command -v sudo >/dev/null; then
    printf 'This needs %s. Run "sudo %s"? [y/N] ' "$*" "$install" >&2
    read -r answer
    case $answer in [yY]*) as="sudo env" ;; *) exit 1 ;; esac
else
    echo "error: this needs packages; as root: apt-get install --no-install-recommends $*" >&2
    exit 1
fi
$as DEBIAN_FRONTEND=noninteractive apt-get -qq update
$as DEBIAN_FRONTEND=noninteractive $install

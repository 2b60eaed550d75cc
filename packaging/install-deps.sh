#!/bin/sh
# Installs the development packages that the build links against, where they are missing.
# Debian and Ubuntu. Says nothing and needs no rights when nothing is missing.
set -eu

packages="libcurl4-openssl-dev libsnappy-dev"

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    for header in curl/curl.h snappy-c.h; do
        if ! find /usr/include /usr/local/include -path "*/$header" 2>/dev/null | grep -q .; then
            echo "install-deps: cannot install on this system: it has no apt-get." >&2
            echo "install-deps: install the headers of libcurl and snappy (snappy-c.h) with your" >&2
            echo "install-deps: own package manager and run make again; missing: $header" >&2
            exit 1
        fi
    done
    exit 0
fi

missing=""
for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
else
    echo "install-deps: missing:$missing" >&2
    echo "install-deps: not root and no sudo here; as root run: apt-get install$missing" >&2
    exit 1
fi

echo "install-deps: installing$missing" >&2
install() {
    # shellcheck disable=SC2086  # a list of package names
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
# Lists that are missing or stale (a version that the mirror no longer has) show as a failure here.
if ! install 2>/dev/null; then
    $as_root apt-get update -qq
    install || {
        echo "install-deps: cannot install$missing; apt-get says why above" >&2
        exit 1
    }
fi

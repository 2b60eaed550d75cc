#!/bin/sh
# Unpacks the real servers that tests talk to from their Debian packages, with the libraries they
# need, under .build/peers. Installs nothing: no service, no user, no file outside that directory.
#
# moto, which answers as S3 does, comes from the Python package index into a directory of its own there.
#
#   .build/peers/bin/NAME        starts a server; finds its unpacked libraries
#   .build/peers/unavailable     written instead when they cannot be had; says why
#
# Exit 0 also when they cannot be had, as tests then skip and say so; exit 1 under CI=true.
set -eu

cd "$(dirname "$0")/.."
peers=.build/peers
programs="redis-server redis-cli prometheus prometheus-node-exporter victoria-metrics vmagent"
packages="redis-server redis-tools prometheus prometheus-node-exporter victoria-metrics"

complete() {
    [ -f $peers/complete ] || return 1
    for program in $programs; do
        [ -x "$peers/bin/$program" ] || return 1
    done
}

# The index is whatever pip is configured for. Without its extras moto is a third of the size.
moto_packages="moto[s3]>=5,<6 flask>=3,<4 flask-cors>=5,<7"
fetch_moto() {
    [ -x $peers/bin/moto_server ] && return 0
    rm -rf $peers/moto
    echo "fetch-peers: installing moto under $peers/moto" >&2
    # shellcheck disable=SC2086
    if python3 -m venv $peers/moto >$peers/moto.log 2>&1 &&
        $peers/moto/bin/pip install --quiet --disable-pip-version-check $moto_packages \
            >>$peers/moto.log 2>&1 &&
        timeout 60 $peers/moto/bin/python -m moto.server --help >>$peers/moto.log 2>&1; then
        cat >$peers/bin/moto_server <<'WRAPPER'
#!/bin/sh
root=$(cd "$(dirname "$0")/.." && pwd)
exec "$root/moto/bin/python" -m moto.server "$@"
WRAPPER
        chmod +x $peers/bin/moto_server
        rm -f $peers/moto.log $peers/no-moto
        return 0
    fi
    echo "cannot install moto: $(tail -n 1 $peers/moto.log)" >$peers/no-moto
    echo "fetch-peers: $(cat $peers/no-moto)" >&2
    echo "fetch-peers: tests against an object store will be SKIPPED" >&2
    [ "${CI:-}" = true ] && exit 1
    return 0
}
complete && { fetch_moto; exit 0; }

give_up() {
    mkdir -p $peers
    echo "$1" >$peers/unavailable
    echo "fetch-peers: $1" >&2
    echo "fetch-peers: tests against real servers will be SKIPPED" >&2
    [ "${CI:-}" = true ] && exit 1
    exit 0
}

command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 ||
    give_up "cannot unpack real servers: this system has no apt-get and dpkg"

update_lists() {
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq
    elif command -v sudo >/dev/null 2>&1; then
        sudo apt-get update -qq
    else
        return 1
    fi
}

rm -rf $peers
mkdir -p $peers/debs $peers/root $peers/bin

if ! apt-cache show redis-tools >/dev/null 2>&1; then
    update_lists || give_up "cannot unpack real servers: no package lists; run apt-get update as root"
fi

# What apt would have to install, without the web pages that Prometheus's package wants.
# The named packages come too where they are installed already, to have one known version.
wanted=$(
    {
        echo "$packages" | tr ' ' '\n'
        # shellcheck disable=SC2086
        apt-get -s --no-install-recommends install $packages 2>/dev/null |
            sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep '^lib' | grep -v '^libjs-' || true
    } | sort -u
)

download() {
    # shellcheck disable=SC2086
    (cd $peers/debs && apt-get -qq -o APT::Sandbox::User=root download $wanted >../download.log 2>&1)
}
echo "fetch-peers: unpacking under $peers:" $wanted >&2
# A list older than the mirror names versions that are gone: once more with fresh ones.
download || { update_lists && download; } ||
    give_up "cannot download the packages of real servers: $(tail -n 1 $peers/download.log)"

for package in $peers/debs/*.deb; do
    dpkg -x "$package" $peers/root
done
rm -rf $peers/debs

# Wrappers by exec: the process that a test starts and ends is the server itself.
for program in $programs; do
    path=usr/bin/$program
    [ -e $peers/root/$path ] || give_up "cannot find /$path in the unpacked packages"
    cat >$peers/bin/"$program" <<WRAPPER
#!/bin/sh
root=\$(cd "\$(dirname "\$0")/../root" && pwd)
for libraries in "\$root"/usr/lib/*-linux-gnu* "\$root"/lib/*-linux-gnu*; do
    LD_LIBRARY_PATH="\$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "\$root/$path" "\$@"
WRAPPER
    chmod +x $peers/bin/"$program"
done

# Each has to start here, or a test would fail for a reason that is not ours.
for program in $programs; do
    flag=--version
    case $program in victoria-metrics | vmagent) flag=-version ;; esac
    timeout 20 $peers/bin/"$program" $flag >$peers/version.log 2>&1 ||
        give_up "$program does not start here: $(tail -n 1 $peers/version.log)"
done
rm -f $peers/version.log $peers/download.log $peers/unavailable
touch $peers/complete
fetch_moto

#!/bin/sh
# Proves what the release binary carries: no Foundation of either kind, no regular expressions of the
# toolchain, no library beyond the list below, and a size within the limit.
set -eu
cd "$(dirname "$0")/.."

binary=${1:-}
if [ -z "$binary" ]; then
    make --no-print-directory build
    binary=.build/release/tsdb-agent
fi
limit=$((12 * 1024 * 1024))

fail() {
    echo "linkage: FAILED: $1" >&2
    exit 1
}

[ -f "$binary" ] || fail "no $binary"

# What it names itself; the libraries of libcurl are the distribution's business.
needed=$(objdump -p "$binary" | sed -n 's/^ *NEEDED *//p')
[ -n "$needed" ] || fail "$binary names no library at all; was it linked statically by mistake?"
for library in $needed; do
    case $library in
    ld-linux*.so.* | libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.*) ;;
    libstdc++.so.* | libgcc_s.so.*) ;;
    libcurl.so.* | libsnappy.so.*) ;;
    *) fail "$binary needs $library, which is not on the list in .ci/linkage.sh" ;;
    esac
done

# A statically linked Foundation leaves no NEEDED line, but the names of its types.
for name in FoundationEssentials FoundationInternationalization _FoundationICU NSObject; do
    if grep -qaF "$name" "$binary"; then fail "$binary contains $name: Foundation is linked in"; fi
done

# Ours run in linear time; the toolchain's come with any use of `Regex` or of a collection algorithm
# of _StringProcessing, and take more than a megabyte.
if grep -qaF _RegexParser "$binary"; then fail "$binary contains the toolchain's Regex"; fi

size=$(wc -c <"$binary")
[ "$size" -le "$limit" ] || fail "$binary has $size bytes, the limit is $limit"
echo "linkage: $binary has $size bytes and needs only:" $needed

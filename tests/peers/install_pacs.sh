#!/bin/sh
# Bring the picture archives of the peer tests: Orthanc with its DICOMweb plugin, and dcmtk.
# As root: Debian packages, their service neither started nor enabled. Otherwise, or with --cache: the same packages,
# unpacked with what they need into the cache folder of the checkout; nothing is installed then.
set -eu

packages="orthanc orthanc-dicomweb dcmtk"
here=$(cd "$(dirname "$0")" && pwd)
cache="$here/../../.cache/pacs"

command -v apt-get >/dev/null || { echo "apt-get not found: install $packages by hand" >&2; exit 1; }

if [ "$(id -u)" = 0 ] && [ "${1:-}" != "--cache" ]; then
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod 755 "$policy"
    fi
    had_service=no
    dpkg-query -W -f '${Status}' orthanc 2>/dev/null | grep -q ' installed$' && had_service=yes
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
    if [ "$had_service" = no ] && command -v systemctl >/dev/null; then
        systemctl disable orthanc >/dev/null 2>&1 || true
    fi
    exit 0
fi

partial="$cache/root.partial"
rm -rf "$partial" "$cache/deb"
mkdir -p "$partial" "$cache/deb"
# shellcheck disable=SC2086
missing=$(apt-get -s --no-install-recommends install $packages | awk '$1 == "Inst" { print $2 }')
cd "$cache/deb"
# shellcheck disable=SC2086
apt-get download $(printf '%s\n' $packages $missing | sort -u)
for each in ./*.deb; do
    dpkg-deb -x "$each" "$partial"
done
rm -rf "$cache/root" "$cache/deb"
mv "$partial" "$cache/root"

#!/bin/sh
# Installs the command `portcullis` of one release, after checking its SHA-256 checksum. A release's
# copy of this file has the release's URL filled in:
#
#     curl -fsSL https://github.com/OWNER/REPOSITORY/releases/latest/download/install.sh | sh
#
# PORTCULLIS_INSTALL_DIR is the folder to install into (default: ~/.local/bin).
set -eu

release='@RELEASE@'

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit 1
}

target() {
  case "$(uname -m)" in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "no build for the processor $(uname -m); see $release" ;;
  esac
  case "$(uname -s)" in
    Linux) echo "$machine-unknown-linux-musl" ;;
    Darwin) echo "$machine-apple-darwin" ;;
    *) fail "no installer for $(uname -s); unpack an archive of $release" ;;
  esac
}

# Downloads a URL to a file.
download() {
  if command -v curl >/dev/null; then
    curl -fsSL --retry 3 --output "$2" "$1"
  elif command -v wget >/dev/null; then
    wget -q -O "$2" "$1"
  else
    fail 'curl or wget is required'
  fi || fail "cannot download $1"
}

checksum() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  else
    shasum -a 256 "$1"
  fi | cut -d ' ' -f 1
}

# A function, so that a truncated download of this script runs nothing.
main() {
  archive="portcullis-$(target).tar.gz"
  folder="${PORTCULLIS_INSTALL_DIR:-$HOME/.local/bin}"
  temporary="$(mktemp -d)"
  trap 'rm -rf "$temporary"' EXIT

  download "$release/SHA256SUMS" "$temporary/SHA256SUMS"
  download "$release/$archive" "$temporary/$archive"
  published="$(sed -n "s/  $archive\$//p" "$temporary/SHA256SUMS")"
  actual="$(checksum "$temporary/$archive")"
  [ "$actual" = "$published" ] || fail "$archive has the checksum $actual, SHA256SUMS says ${published:-nothing}"

  tar -xzf "$temporary/$archive" -C "$temporary" portcullis
  mkdir -p "$folder"
  # Rename instead of overwriting, in case portcullis is running.
  cp "$temporary/portcullis" "$folder/.portcullis.new"
  chmod 755 "$folder/.portcullis.new"
  mv -f "$folder/.portcullis.new" "$folder/portcullis"
  printf 'Installed %s in %s\n' "$("$folder/portcullis" --version)" "$folder"
  case ":$PATH:" in
    *":$folder:"*) ;;
    *) printf 'Add %s to PATH\n' "$folder" ;;
  esac
}

main

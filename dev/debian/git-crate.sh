# Builder: copies the package $crate out of the git tree $tree, as a directory source needs it.
set -e
b=$busybox/bin/busybox

# section_value FILE SECTION KEY: the raw value of a key in a manifest's table.
section_value() {
  $b awk -v section="[$2]" -v key="$3" '
    /^\[/ { inside = ($0 == section) }
    inside && match($0, "^" key "[ \t]*=[ \t]*") { print substr($0, RLENGTH + 1); exit }
  ' "$1"
}

found=
for manifest in $($b find "$tree" -name Cargo.toml); do
  if [ "$(section_value "$manifest" package name)" = "\"$crate\"" ]; then found=$manifest; break; fi
done
if [ -z "$found" ]; then
  echo "no package named $crate in the git tree $tree" >&2
  exit 1
fi
$b cp -R "${found%/Cargo.toml}" "$out"
$b chmod -R u+w "$out"
if $b grep -q 'workspace *= *true' "$out/Cargo.toml"; then
  echo "the git package $crate inherits keys from its workspace, which the Debian package set does not carry over; nixpkgs' importCargoLock does" >&2
  exit 1
fi
echo '{"files":{},"package":null}' > "$out/.cargo-checksum.json"
exit 0

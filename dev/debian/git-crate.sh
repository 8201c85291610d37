# Builder: copies the package in the directory $dir of the git tree $tree, as a directory source needs it.
# If the file $manifestPath is not empty, it is the package's manifest.
# shellcheck shell=busybox
# shellcheck disable=SC2154 # the variables are those of the derivation
set -e
b=$busybox/bin/busybox
source=$tree${dir:+/$dir}

$b cp -R "$source" "$out"
$b chmod -R u+w "$out"

# What a link leads to outside of the package does not come along by itself.
$b find "$source" -type l | while read -r link; do
  target=$($b readlink -f "$link") || continue
  [ -e "$target" ] || continue
  case $target/ in "$source"/*) continue ;; esac
  copy=$out${link#"$source"}
  $b rm "$copy"
  $b cp -R "$target" "$copy"
  $b chmod -R u+w "$copy"
done

if [ -s "$manifestPath" ]; then $b cp "$manifestPath" "$out/Cargo.toml"; fi
echo '{"files":{},"package":null}' > "$out/.cargo-checksum.json"
exit 0

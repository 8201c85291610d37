# A Nix that has what dyndrv needs: the machine's own if it is suitable, otherwise Debian's.

# suitable_nix: is the nix on PATH at least 2.34, and does it know the features?
suitable_nix() {
  local version
  version=$(nix --version 2>/dev/null) || return 1
  [[ $version =~ \ ([0-9]+)\.([0-9]+)[^\ ]*$ ]] || return 1
  ((BASH_REMATCH[1] > 2 || BASH_REMATCH[1] == 2 && BASH_REMATCH[2] >= 34)) || return 1
  # An unknown feature is only a warning; ask for the list that took effect.
  [[ $(nix --extra-experimental-features "$nix_features" config show experimental-features 2>/dev/null) == *dynamic-derivations* ]]
}

# bring_up_nix DIR: unpack Debian's Nix below DIR and make it run on this machine's kernel with its own C library.
bring_up_nix() {
  local final=$1 work=$1.tmp.$$ sizes=0 name file url size libs loader
  [[ $(uname -m) == x86_64 ]] || die "only x86_64 machines are supported; install Nix 2.34 or later"
  apt_tree
  local -a names=()
  while read -r name file url size; do
    names+=("$name")
    ((sizes += size))
  done < <(apt_closure nix-bin bash-static patchelf)
  ((${#names[@]} > 5)) || die "suite $suite has no nix-bin"
  rm -rf "$final".tmp.*
  mkdir -p "$work"/{debs,prefix}
  say "no suitable Nix on PATH: downloading Nix from Debian $suite (${#names[@]} packages, $((sizes / 1000000)) MB)"
  apt_download "$work/debs" "${names[@]}" || die "download failed"
  say "unpacking Nix"
  for file in "$work"/debs/*.deb; do
    dpkg -x "$file" "$work/prefix" || die "cannot unpack $file"
  done
  rm -rf "$work"/prefix/usr/share/{doc,man,locale,info} "$work/debs"

  local final_libs=$final/prefix/usr/lib/$system_triple
  libs=$work/prefix/usr/lib/$system_triple
  loader=$libs/ld-linux-x86-64.so.2
  # A tool cannot patch itself or the libraries it runs with: copies carry it.
  cp -a "$libs" "$work/patching"
  cp "$work/prefix/usr/bin/patchelf" "$work/patching/"
  local -a patchelf=("$work/patching/ld-linux-x86-64.so.2" --library-path "$work/patching" "$work/patching/patchelf")
  for file in "$libs"/*.so*; do
    [[ -L $file || ! -f $file || $file == */libc.so.6 || $file == */ld-linux-* ]] && continue
    "${patchelf[@]}" --force-rpath --set-rpath "$final_libs" "$file" 2>/dev/null
  done
  for file in "$work"/prefix/usr/bin/nix "$work"/prefix/usr/libexec/nix/*; do
    [[ -f $file && ! -L $file ]] || continue
    "${patchelf[@]}" --set-interpreter "$final_libs/${loader##*/}" --force-rpath --set-rpath "$final_libs" "$file" 2>/dev/null
  done
  rm -rf "$work/patching"

  mkdir -p "$work/conf" "$work/bin"
  for name in nix nix-build nix-store nix-instantiate nix-collect-garbage nix-env nix-hash nix-shell nix-copy-closure nix-channel; do
    ln -s ../prefix/usr/bin/nix "$work/bin/$name"
  done
  # The packaged sandbox shell points at a path that does not exist, and there are no build users.
  cat >"$work/conf/nix.conf" <<CONF
experimental-features = $nix_features
build-users-group =
sandbox = true
sandbox-fallback = false
sandbox-paths = /bin/sh=$final/prefix/usr/bin/bash-static
substituters =
flake-registry =
accept-flake-config = true
warn-dirty = false
max-jobs = auto
CONF
  rm -rf "$final"
  mv "$work" "$final"
  "$final/bin/nix" --version >/dev/null || die "the unpacked Nix does not run; remove $final and try again"
  say "Nix is ready: $("$final/bin/nix" --version)"
}

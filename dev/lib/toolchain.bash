# The Debian toolchain: which archives make up which part, and the parts as store paths.

# bootstrap_of LOCK: the store path of a lock's bootstrap tools.
bootstrap_of() { sed -n 's/^  bootstrap = "\(.*\)";/\1/p' "$1/lock.nix" 2>/dev/null; }

bootstrap_packages=(busybox-static patchelf xz-utils liblzma5 libc6 libgcc-s1 libstdc++6)

# bootstrap_tools WORK: a store path with what unpacks and patches archives, from those in WORK/debs.
bootstrap_tools() {
  local work=$1 name
  mkdir -p "$work"/bootstrap/{bin,lib} "$work/unpacked"
  for name in "${bootstrap_packages[@]}"; do
    dpkg -x "$work/debs/$name.deb" "$work/unpacked" || die "cannot unpack $name"
  done
  cp "$work"/unpacked/usr/bin/{busybox,patchelf,xz} "$work/bootstrap/bin/"
  ln -s busybox "$work/bootstrap/bin/sh"
  cp "$work/unpacked/usr/lib/$system_triple"/{ld-linux-x86-64.so.2,libc.so.6,libm.so.6,libstdc++.so.6,libgcc_s.so.1,liblzma.so.5} "$work/bootstrap/lib/"
  nix-store --add "$work/bootstrap" || die "cannot add to the store"
}

# resolve_debs OUT LIST [BASE]: write OUT/lock.nix (parts of LIST, archives, checksums) and put every
# archive and the bootstrap tools (or take those of the lock BASE) into the store. The suite moves on;
# the lock keeps one moment of it.
resolve_debs() {
  local out=$1 list=$2 base=${3:-} work=$1.tmp.$$ name roots less extra uses line file url size
  local -a words
  local -A url_of=() file_of=() size_of=() depends=() unwanted=() sha256=()
  local -a parts=() all_roots=() all=()
  local -A part_roots=() part_less=() part_extra=() part_uses=()
  apt_tree
  while IFS='|' read -r name roots less extra uses; do
    name=${name// /}
    case $name in
      '' | \#*) continue ;;
      -) for line in $roots; do unwanted[$line]=1; done ;;
      *)
        parts+=("$name")
        part_roots[$name]=$roots part_less[$name]=$less part_extra[$name]=$extra part_uses[$name]=$uses
        read -r -a words <<<"$roots"
        all_roots+=("${words[@]}")
        ;;
    esac
  done <"$list"

  # What apt would install for all parts together; the parts' own closures are cut out of it.
  while read -r name file url size; do
    file_of[$name]=$file url_of[$name]=$url size_of[$name]=$size
  done < <(apt_closure "${all_roots[@]}")
  ((${#file_of[@]} > 40)) || die "suite $suite lacks a package of $list"
  local package=
  while read -r name line; do
    case $name in
      Depends: | PreDepends: | '|Depends:' | '|PreDepends:') depends[$package]+=" ${line%%:*}" ;;
      +*) depends[$package]+=" ${name#+}" ;;
      *) package=${name%:any} ;;
    esac
  done < <(apt-cache -c "$apt_dir/apt.conf" depends --recurse --no-recommends --no-suggests --no-conflicts \
    --no-breaks --no-replaces --no-enhances "${all_roots[@]}" | sed 's/^    \([^ ]\)/+\1/')

  # closure_into SET PACKAGE...: add what is reachable, within the selection and without the unwanted.
  closure_into() {
    # shellcheck disable=SC2178 # the name of an associative array
    local -n set_=$1
    shift
    local -a queue=("$@") needed
    local item
    while ((${#queue[@]})); do
      item=${queue[0]}
      queue=("${queue[@]:1}")
      [[ -n ${set_[$item]:-} || -n ${unwanted[$item]:-} || -z ${file_of[$item]:-} ]] && continue
      # shellcheck disable=SC2004 # a key, not an index
      set_[$item]=1
      read -r -a needed <<<"${depends[$item]:-}"
      queue+=("${needed[@]}")
    done
  }

  # quoted WORDS: as strings of Nix.
  quoted() {
    local word
    for word in $1; do printf '"%s" ' "$word"; done
  }
  local -A used=()
  local nix_parts=
  for name in "${parts[@]}"; do
    local -A have=() drop=()
    read -r -a words <<<"${part_roots[$name]}"
    closure_into have "${words[@]}"
    [[ $name == runtime || $name == cc ]] || closure_into drop libc6 libgcc-s1 libstdc++6
    read -r -a words <<<"${part_less[$name]}"
    closure_into drop "${words[@]}"
    for package in "${!drop[@]}"; do unset "have[$package]"; done
    for package in ${part_extra[$name]} ${part_roots[$name]}; do have[$package]=1; done
    local sorted
    sorted=$(printf '%s\n' "${!have[@]}" | LC_ALL=C sort | sed 's/.*/"&"/')
    sorted=${sorted//:/-}
    nix_parts+="    \"$name\" = { debs = [ ${sorted//$'\n'/ } ]; uses = [ $(quoted "${part_uses[$name]}") ]; };"$'\n'
    for package in "${!have[@]}"; do used[$package]=1; done
    unset have drop
  done

  mapfile -t all < <(printf '%s\n' "${!used[@]}" | LC_ALL=C sort)
  local total=0
  for name in "${all[@]}"; do ((total += size_of[$name])); done
  rm -rf "$out".tmp.*
  mkdir -p "$work/debs"
  say "downloading the archives of ${list##*/} from Debian $suite (${#all[@]} packages, about $((total / 1000000)) MB)"
  apt_download "$work/debs" "${all[@]}" || die "download failed"
  while read -r line file; do
    name=${file##*/}
    sha256[${name%.deb}]=$line
  done < <(sha256sum "$work"/debs/*.deb)

  say "adding the archives to the store"
  nix-store --add-fixed sha256 "$work"/debs/*.deb >/dev/null || die "cannot add to the store"
  local bootstrap=
  [[ -n $base ]] && bootstrap=$(bootstrap_of "$base")
  if [[ ! -e $bootstrap ]]; then
    # No garbage collector root keeps those of another lock.
    [[ -z $base ]] || apt_download "$work/debs" "${bootstrap_packages[@]}" || die "download failed"
    bootstrap=$(bootstrap_tools "$work") || exit
  fi

  {
    printf '# Written by dev/nix: Debian %s on %s.\n{\n  bootstrap = "%s";\n  parts = {\n%s  };\n  debs = {\n' \
      "$suite" "$(date -u +%F)" "$bootstrap" "$nix_parts"
    for name in "${all[@]}"; do
      printf '    "%s" = { sha256 = "%s"; url = "%s"; };\n' "${name/:/-}" "${sha256[${name/:/-}]}" "${url_of[$name]}"
    done
    printf '  };\n}\n'
  } >"$work/lock.nix"
  rm -rf "$work"/{debs,unpacked,bootstrap} "$out"
  mv "$work" "$out"
}

# build_toolchain DEBS LINK: build all parts; LINK becomes a garbage collector root that names them.
build_toolchain() {
  local debs=$1 link=$2
  say "unpacking and patching the toolchain in the sandbox"
  nix build --impure --file "$dev_dir/debian/toolchain.nix" --argstr lock "$debs/lock.nix" manifest \
    --out-link "$link" || die "the toolchain does not build"
}

# bring_up_cross DEBS TOOLCHAIN OUT LINK: the parts of cross.txt; LINK becomes a garbage collector root
# that names them. DEBS has the lock of the native toolchain, TOOLCHAIN its manifest.
bring_up_cross() {
  local debs=$1 toolchain=$2 out=$3 link=$4 native foreign package
  apt_dir=$cache/apt-arm64 apt_foreign=arm64
  [[ -e $out/lock.nix && -e $(bootstrap_of "$out") ]] || resolve_debs "$out" "$dev_dir/debian/cross.txt" "$debs"
  # A compiler takes the standard library of its own build only.
  native=$(archive_version "$debs" libstd-rust-dev)
  for package in libstd-rust-dev-arm64 rust-src; do
    foreign=$(archive_version "$out" "$package")
    [[ $native == "$foreign" ]] ||
      die "the toolchain has Rust $native, and Debian $suite has $foreign by now; remove $cache to take newer packages"
  done
  say "unpacking and patching the parts for other targets in the sandbox"
  nix build --impure --file "$dev_dir/debian/cross.nix" --argstr lock "$out/lock.nix" --argstr base "$(readlink -f "$toolchain")" \
    manifest --out-link "$link" || die "the parts for other targets do not build"
}

# archive_version DEBS NAME: the version of an archive in a lock.
archive_version() {
  sed -n "s|^    \"$2\" = .*/[^/_]*_\([^/_]*\)_[^/_]*\.deb\".*|\1|p" "$1/lock.nix"
}

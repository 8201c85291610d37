# Builder of one part for other targets: part.sh, and what only these parts need.
# shellcheck shell=busybox
# shellcheck disable=SC2154 # the variables are those of the derivation
set -eu
b=$tools/bin/busybox
xz="$tools/lib/ld-linux-x86-64.so.2 --library-path $tools/lib $tools/bin/xz"
patchelf="$tools/lib/ld-linux-x86-64.so.2 --library-path $tools/lib $tools/bin/patchelf"
triple=aarch64-linux-gnu

# script FILE LINE...: an executable script.
script() {
  file=$1
  shift
  echo "#!$shell/bin/bash" >"$file"
  for line; do echo "$line"; done >>"$file"
  $b chmod 755 "$file"
}

# unpack: all archives as they are, below ./usr.
unpack() {
  for deb in $debs; do
    $b ar p "$deb" data.tar.xz | $xz -dc | $b tar -x -f - 2>/dev/null
  done
}

case $name in
  runtime-aarch64)
    unpack
    $b mkdir -p "$out"
    $b cp -a "usr/$triple/." "$out/"
    for file in "$out"/lib/*.so*; do
      case $file in */libc.so.6 | */ld-linux-*) continue ;; esac
      $patchelf --force-rpath --set-rpath "$out/lib" "$file"
    done
    exit 0
    ;;
  qemu-user)
    # One of its many programs, which is static: nothing to patch.
    unpack
    $b mkdir -p "$out/bin"
    $b cp usr/bin/qemu-aarch64 "$out/bin/"
    exit 0
    ;;
  musl)
    unpack
    $b mkdir -p "$out/bin" "$out/lib"
    $b cp -a usr/include/x86_64-linux-musl "$out/include"
    $b cp -a usr/lib/x86_64-linux-musl/*.[ao] "$out/lib/"
    # Debian's own specs, which name its directories.
    $b sed "s|/usr/include/x86_64-linux-musl|$out/include|g; s|/usr/lib/x86_64-linux-musl|$out/lib|g" \
      usr/lib/x86_64-linux-musl/musl-gcc.specs >"$out/lib/musl-gcc.specs"
    for driver in gcc cc; do
      script "$out/bin/x86_64-linux-musl-$driver" "exec $cc/bin/gcc \"\$@\" -specs $out/lib/musl-gcc.specs"
    done
    for tool in ar as ld nm objcopy objdump ranlib readelf strip; do
      $b ln -s "$cc/bin/$tool" "$out/bin/x86_64-linux-musl-$tool"
    done

    # The standard library, as rustc's own build makes it.
    cd usr/src/rustc-*/library
    $b mkdir -p .cargo
    printf '[source]\ncrates-io.replace-with = "here"\nhere.directory = "%s/vendor"\n' "$PWD" >.cargo/config.toml
    export PATH=$rustc/bin:$cargo/bin:$cc/bin CARGO_HOME=$NIX_BUILD_TOP/home CARGO_TARGET_DIR=$NIX_BUILD_TOP/target
    export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes --remap-path-prefix=$PWD=/rustc/library"
    cargo build --release --frozen --quiet --target x86_64-unknown-linux-musl --manifest-path sysroot/Cargo.toml
    std=$out/lib/rustlib/x86_64-unknown-linux-musl/lib
    $b mkdir -p "$std/self-contained"
    $b cp "$CARGO_TARGET_DIR"/x86_64-unknown-linux-musl/release/deps/*.rlib "$std/"
    # What rustc links static programs with.
    gcc=$(echo "$cc"/lib/gcc/x86_64-linux-gnu/*)
    $b cp "$out"/lib/*crt*.o "$out/lib/libc.a" "$gcc"/crtbegin*.o "$gcc"/crtend*.o "$std/self-contained/"
    $b cp "$gcc/libgcc_eh.a" "$std/self-contained/libunwind.a"
    $b chmod u+w "$std/self-contained/libunwind.a"
    "$out/bin/x86_64-linux-musl-gcc" -O2 -fPIC -c "$unwind" -o unwind.o
    "$cc/bin/ar" r "$std/self-contained/libunwind.a" unwind.o
    exit 0
    ;;
  rustc-cross)
    $b mkdir -p "$out/bin" "$out/lib/rustlib"
    for root in $rustc $std; do
      for entry in "$root"/lib/rustlib/*; do $b ln -s "$entry" "$out/lib/rustlib/"; done
    done
    for tool in rustc rustdoc; do script "$out/bin/$tool" "exec $rustc/bin/$tool --sysroot $out \"\$@\""; done
    exit 0
    ;;
esac

$b sh "$part"
[ "$name" != cc-aarch64 ] || unpack
cd "$out"
case $name in
  lld)
    for tool in ld.lld wasm-ld; do
      [ -e "bin/$tool" ] || $b ln -s "$(echo "$out"/lib/llvm-*/bin/$tool)" "bin/$tool"
    done
    ;;
  cc-aarch64)
    # The target's libraries are not the host's to patch.
    $b rm -rf "$triple/lib"
    $b cp -a "$NIX_BUILD_TOP/usr/$triple/lib" "$triple/lib"
    $b ln -s . usr
    $b mkdir -p "$triple/bin"
    for tool in ar as ld ld.bfd nm objcopy objdump ranlib readelf strip; do
      [ -e "$triple/bin/$tool" ] || $b ln -s "../../bin/$triple-$tool" "$triple/bin/$tool"
    done
    $b find . -type l | while read -r link; do [ -e "$link" ] || $b rm "$link"; done # to what is left out
    {
      echo '%rename link debian_link'
      echo
      echo '*link:'
      echo "%(debian_link) %{!r:%{!static:%{!static-pie:%{!shared:-dynamic-linker $target/lib/ld-linux-aarch64.so.1} -rpath $target/lib}}}"
      echo
    } >lib/store.specs
    gcc=$($b readlink -f "bin/$triple-gcc") gxx=$($b readlink -f "bin/$triple-g++")
    for driver in gcc cc g++ c++; do
      case $driver in gcc | cc) real=$gcc ;; *) real=$gxx ;; esac
      $b rm -f "bin/$triple-$driver"
      script "bin/$triple-$driver" \
        "exec $real --sysroot=$out -B$out/$triple/bin/ -specs=$out/lib/store.specs \"\$@\""
    done
    ;;
esac
exit 0

# Builder of one toolchain part: unpacks $debs into $out, gives it nixpkgs' layout, and makes every
# ELF file find its loader and libraries in the store. Runs in busybox' shell, without any other tool.
# shellcheck shell=busybox
# shellcheck disable=SC2154 # the variables are those of the derivation
set -eu
b=$tools/bin/busybox
patchelf="$tools/lib/ld-linux-x86-64.so.2 --library-path $tools/lib $tools/bin/patchelf"
xz="$tools/lib/ld-linux-x86-64.so.2 --library-path $tools/lib $tools/bin/xz"

$b mkdir -p "$out" unpack
cd unpack
for deb in $debs; do
  $b ar x "$deb"
  for data in data.tar*; do
    case $data in
      *.xz) $xz -dc "$data" | $b tar -x -C "$out" ;;
      *.gz) $b gunzip -c "$data" | $b tar -x -C "$out" ;;
      *) $b tar -xf "$data" -C "$out" ;;
    esac
  done
  $b rm -f ./*
done
cd "$out"

# The part is what Debian calls /usr; the rest is configuration and state of a whole system.
$b mkdir -p usr
for dir in bin sbin lib lib64; do
  if [ -d "$dir" ]; then $b mkdir -p "usr/$dir"; $b cp -a "$dir/." "usr/$dir/"; fi
done
for entry in * .[!.]*; do
  case $entry in usr | '*' | '.[!.]*') ;; *) $b chmod -R u+w "$entry"; $b rm -rf "$entry" ;; esac
done
$b mv usr .usr
for entry in .usr/*; do [ -e "$entry" ] && $b mv "$entry" .; done
$b rm -rf .usr share/doc share/man share/locale share/info share/lintian share/bug share/bash-completion \
  share/zsh share/fish share/gdb share/apport share/emacs share/doc-base share/debconf lib/systemd bin/*lto-dump*
if [ -d sbin ]; then $b mkdir -p bin; $b mv sbin/* bin/; $b rmdir sbin; fi

# One flat library and header directory; the multiarch names still work. A sysroot keeps its own.
if [ "$name" != cc ]; then
  for dir in lib include; do
    multiarch=$dir/x86_64-linux-gnu
    if [ -d "$multiarch" ]; then
      $b mv "$multiarch" .multiarch
      $b cp -a .multiarch/. "$dir/"
      $b rm -rf .multiarch
      $b ln -s . "$multiarch"
    fi
  done
fi
$b rm -rf lib64 # nothing but a link to the loader

# Absolute links and prefixes point into the part.
$b find . -type l | while read -r link; do
  target=$($b readlink "$link")
  case $target in
    /usr/*) $b ln -sfn "$out/${target#/usr/}" "$link" ;;
    /lib/*) $b ln -sfn "$out/${target#/}" "$link" ;;
    /etc/alternatives/*) $b rm -f "$link" ;;
  esac
done
for pc in lib/pkgconfig/*.pc share/pkgconfig/*.pc; do
  [ -f "$pc" ] && $b sed -i "s|=/usr|=$out|; s|-x86_64-linux-gnu||; s|/lib/x86_64-linux-gnu|/lib|; s|/include/x86_64-linux-gnu|/include|" "$pc"
done

# libc itself and the loader are the two files that must not be touched.
if [ "$name" = runtime ]; then
  rpath=$out/lib loader=$out/lib/ld-linux-x86-64.so.2
else
  rpath=$out/lib loader=$runtime/lib/ld-linux-x86-64.so.2
  [ "$name" = cc ] && rpath=$out/lib/x86_64-linux-gnu
  for other in $libraries $runtime; do rpath=$rpath:$other/lib; done
fi
$b find . -type f '(' -perm -0100 -o -name '*.so' -o -name '*.so.*' ')' >"$NIX_BUILD_TOP/files"
while read -r file; do
  case $file in */libc.so.6 | */ld-linux-x86-64.so.2 | *.o | *.a) continue ;; esac
  magic=
  # shellcheck disable=SC3045 # busybox has it
  IFS= read -r -n 4 magic <"$file" || true
  case $magic in ?ELF) ;; *) continue ;; esac
  kind=$($b od -An -v -j 16 -N 2 -t u2 "$file")
  if [ "$((kind))" = 2 ]; then
    # At a fixed address: patchelf 0.18 breaks these (cc1 is one). The loader is told by a script.
    [ -n "$shell" ] || continue
    $b mv "$file" "$file.program"
    {
      echo "#!$shell/bin/bash"
      echo "exec $loader --argv0 \"\$0\" --library-path $rpath $out/${file#./}.program \"\$@\""
    } >"$file"
    $b chmod 755 "$file"
  else
    $patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$rpath" "$file" 2>/dev/null ||
      $patchelf --force-rpath --set-rpath "$rpath" "$file" 2>/dev/null || true
  fi
done <"$NIX_BUILD_TOP/files"

# wrap TOOL LINE...: TOOL becomes a script with these lines around the real program.
wrap() {
  tool=$1
  shift
  $b mkdir -p libexec/wrapped
  $b mv "bin/$tool" "libexec/wrapped/$tool"
  {
    echo "#!$shell/bin/bash"
    for line; do echo "$line"; done
    echo "exec $out/libexec/wrapped/$tool \"\$@\""
  } >"bin/$tool"
  $b chmod 755 "bin/$tool"
}

case $name in
  bash) $b ln -sfn bash bin/sh ;;
  busybox) for applet in sh ar tar ln mkdir printf cp; do $b ln -sfn busybox bin/$applet; done ;;
  gawk) $b ln -sfn gawk bin/awk ;;
  pkg-config) [ -e bin/pkg-config ] || $b ln -s pkgconf bin/pkg-config ;;
  perl)
    version=$(echo share/perl/5.*.*)
    version=${version#share/perl/}
    wrap perl "export PERL5LIB=\"$out/share/perl/$version:$out/lib/perl/$version:$out/lib/perl-base\${PERL5LIB:+:\$PERL5LIB}\""
    ;;
  git) wrap git "export GIT_EXEC_PATH=$out/lib/git-core GIT_TEMPLATE_DIR=$out/share/git-core/templates" ;;
  mdbook)
    # Debian's program reads the icons of its pages from an absolute path that is part of its text: another
    # one of the same length takes its place.
    icons=/usr/share/nodejs/@fortawesome/fontawesome-free/svgs
    $b mv "share/nodejs/@fortawesome/fontawesome-free/svgs" i
    $b rm -rf share/nodejs
    [ "${#icons}" = "$((${#out} + 2))" ]
    $b strings -t d -n 40 bin/mdbook | $b grep -F "$icons" | while read -r offset text; do
      before=${text%%"$icons"*}
      printf %s "$out/i" | $b dd of=bin/mdbook bs=1 seek="$((offset + ${#before}))" conv=notrunc 2>/dev/null
    done
    ;;
  cacert)
    $b mkdir -p etc/ssl/certs
    $b find share/ca-certificates -name '*.crt' | $b sort | while read -r crt; do $b cat "$crt"; echo; done >etc/ssl/certs/ca-bundle.crt
    ;;
  cc)
    # A sysroot: the linker scripts and the drivers look for usr/ and lib/ below it.
    $b ln -s . usr
    $b ln -s lib lib64
    [ -e lib/ld-linux-x86-64.so.2 ] || $b ln -s x86_64-linux-gnu/ld-linux-x86-64.so.2 lib/ld-linux-x86-64.so.2
    # How programs are linked is said in the drivers' own language: it knows what is static or shared.
    {
      echo '%rename link debian_link'
      echo
      echo '*link:'
      echo "%(debian_link) %{!r:%{!static:%{!static-pie:%{!shared:-dynamic-linker $loader} -rpath $runtime/lib}}}"
      echo
    } >lib/store.specs
    $b rm -f lib/gcc/*/*/lib?san.so lib/gcc/*/*/libubsan.so lib/gcc/*/*/libhwasan.so # links to what is left out
    for driver in gcc:gcc g++:g++ cc:gcc c++:g++; do
      real=$($b readlink -f "bin/x86_64-linux-gnu-${driver#*:}")
      run=$real
      [ -e "$real.program" ] && run="$loader --argv0 $real --library-path $rpath $real.program"
      $b rm -f "bin/${driver%:*}"
      {
        echo "#!$shell/bin/bash"
        echo "exec $run --sysroot=$out -B$out/bin/ -specs=$out/lib/store.specs \"\$@\""
      } >"bin/${driver%:*}"
      $b chmod 755 "bin/${driver%:*}"
    done
    ;;
esac

# Nothing that could be written to, run as another user, or found dangling.
$b chmod -R u-s,g-s,go-w .
exit 0

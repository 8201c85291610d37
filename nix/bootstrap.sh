# Builds $package of the sources in $src with the third-party packages in $vendor. A
# workspace that is a part of the project's has its $manifest and its $lock file.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables are those of the derivation
if [ "$NIX_BUILD_TOP" != /build ]; then
  echo "dyndrv: Nix builds in $NIX_BUILD_TOP and not in /build: dyndrv needs Nix's sandbox, on Linux." \
    "Set \`sandbox = true\` in nix.conf of the machine that builds, and leave \`sandbox-build-dir\` as it is" >&2
  exit 1
fi

# Of a toolchain that is too old cargo would say so after a while, but not what to do.
read -r _ version _ < <(rustc --version)
IFS=.- read -r major minor _ <<<"$version"
IFS=. read -r needed_major needed_minor _ <<<"$rustVersion"
if ((major < needed_major || (major == needed_major && minor < needed_minor))); then
  echo "dyndrv: its own programs need rustc $rustVersion or later, and the toolchain of \`mkLib\` has $version." \
    "Give it a newer one (\`(mkLib pkgs).overrideToolchain newer\`, or another nixpkgs), and the older one to the" \
    "project: \`project { toolchain = …; }\`. Or give the programs as \`dyndrv\`, \`builder\` and \`checker\`" >&2
  exit 1
fi

cp -r "$src" /build/dyndrv
chmod -R u+w /build/dyndrv
cd /build/dyndrv || exit

mkdir -p .cargo
cp "$vendor/.cargo/config.toml" .cargo/config.toml
ln -s "$vendor" cargo-vendor-dir
export CARGO_HOME=/build/cargo-home

if [ -n "${manifest:-}" ]; then
  printf '%s' "$manifest" > Cargo.toml
  printf '%s' "$lock" > Cargo.lock
  # cargo orders a lock file in its own way, which `--frozen` would refuse.
  frozen=--offline
else
  # Tests are left out, but cargo wants every target of the root package to exist.
  mkdir -p tests/nix
  : > tests/differential.rs
  : > tests/nix/main.rs
  frozen=--frozen
fi

cargo build --release "$frozen" --package "$package" --bin "$package"

mkdir -p "$out/bin"
cp "target/release/$package" "$out/bin/"
# Nix takes a closed standard output for the end of the build, and coreutils
# close theirs before they exit: end in a builtin.
exit 0

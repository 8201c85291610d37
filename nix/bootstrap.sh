# Builds $package of the sources in $src with the third-party packages in $vendor.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables are those of the derivation
cp -r "$src" /build/dyndrv
chmod -R u+w /build/dyndrv
cd /build/dyndrv || exit

mkdir -p .cargo
cp "$vendor/.cargo/config.toml" .cargo/config.toml
ln -s "$vendor" cargo-vendor-dir
export CARGO_HOME=/build/cargo-home

# Tests are left out, and so are the planner's sources where the builder is built,
# so that an edit of them does not reach it. cargo still wants every target of the
# root package to exist.
mkdir -p src tests/nix
for file in src/lib.rs tests/differential.rs tests/nix/main.rs; do
  [ -e "$file" ] || : > "$file"
done

cargo build --release --frozen --package "$package" --bin "$package"

mkdir -p "$out/bin"
cp "target/release/$package" "$out/bin/"
# Nix takes a closed standard output for the end of the build, and coreutils
# close theirs before they exit: end in a builtin.
exit 0

# Builds $package of the sources in $src with the third-party packages in $vendor.
cp -r "$src" /build/dyndrv
chmod -R u+w /build/dyndrv
cd /build/dyndrv

mkdir -p .cargo
cp "$vendor/.cargo/config.toml" .cargo/config.toml
ln -s "$vendor" cargo-vendor-dir
export CARGO_HOME=/build/cargo-home

# The builder is built without the planner's sources, so that an edit of the
# planner does not reach it. cargo still wants the root package to have a target.
if [ ! -e src ]; then
  mkdir src
  : > src/lib.rs
fi

cargo build --release --frozen --package "$package" --bin "$package"

mkdir -p "$out/bin"
cp "target/release/$package" "$out/bin/"
# Nix takes a closed standard output for the end of the build, and coreutils
# close theirs before they exit: end in a builtin.
exit 0

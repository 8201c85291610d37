# A derivation in which plain cargo runs in a project: for subcommands that drive cargo themselves, such as nextest,
# llvm-cov and deny. It has the toolchain, what the crates need, and the third-party packages, and no network. Nothing is
# shared with units: cargo compiles everything again.
{
  stdenv,
  src,
  workspace,
  # `nix/lock.nix`'s file in place of the workspace's own, or null.
  lockFile,
  # The third-party packages.
  vendored,
  # The attributes of the project's shell.
  shell,
}:
{
  # What is run, in the workspace; its result is $out, which is an empty file if it writes none.
  command,
  name,
  ...
}@attrs:

stdenv.mkDerivation (
  shell
  // removeAttrs attrs [ "command" ]
  // {
    inherit src;
    nativeBuildInputs = attrs.nativeBuildInputs or [ ] ++ shell.nativeBuildInputs;
    buildInputs = attrs.buildInputs or [ ] ++ shell.buildInputs;
    strictDeps = true;
    configurePhase = ''
      runHook preConfigure
      cd "./${workspace}"
      ${if lockFile == null then "" else "cp ${lockFile} Cargo.lock"}
      export CARGO_HOME=$NIX_BUILD_TOP/cargo-home HOME=$NIX_BUILD_TOP/home CARGO_NET_OFFLINE=true
      mkdir -p "$CARGO_HOME" "$HOME"
      source ${./cargo-config.sh}
      cargo_config ${vendored} >"$CARGO_HOME/config.toml"
      runHook postConfigure
    '';
    buildPhase = ''
      runHook preBuild
      ${command}
      runHook postBuild
    '';
    installPhase = ''
      runHook preInstall
      [ -e "$out" ] || touch "$out"
      runHook postInstall
    '';
    dontFixup = true;
  }
)

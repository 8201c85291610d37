# The Debian toolchain in nixpkgs' shape: the few attributes of a package set that dyndrv's nixpkgs
# adapter and the examples use. `paths` maps the parts of packages.txt to store paths.
{ paths }:
let
  system = "x86_64-linux";

  # A store path that exists already, as a dependency that pure evaluation accepts.
  store = path: builtins.appendContext path { ${path} = { path = true; }; };

  # A part as a package. All its outputs are one path here; nixpkgs' names for them work.
  package = pname:
    let
      self = {
        inherit pname;
        name = pname;
        outPath = store paths.${pname};
        outputName = "out";
        out = self;
        bin = self;
        dev = self;
        lib = self;
        meta.mainProgram = mainPrograms.${pname} or pname;
      };
    in
    self;
  mainPrograms = {
    gnutar = "tar";
    gnused = "sed";
    gnugrep = "grep";
    gnumake = "make";
    gawk = "awk";
    findutils = "find";
    diffutils = "diff";
    clippy = "cargo-clippy";
    cc = "cc";
  };

  parts = builtins.mapAttrs (name: _: package name) paths;

  platform = {
    inherit system;
    config = "x86_64-unknown-linux-gnu";
    isLinux = true;
    rust = {
      rustcTarget = "x86_64-unknown-linux-gnu";
      rustcTargetSpec = "x86_64-unknown-linux-gnu";
      cargoShortTarget = "x86_64-unknown-linux-gnu";
    };
  };

  set = builtins.removeAttrs parts [ "cc" "runtime" ] // {
    inherit system;
    glibc = parts.runtime;
    gcc = parts.cc;
    pkgconf = parts.pkg-config;
    stdenv = {
      inherit system;
      cc = parts.cc // { targetPrefix = ""; isGNU = true; isClang = false; };
      shell = "${parts.bash}/bin/bash";
      buildPlatform = platform;
      hostPlatform = platform;
      targetPlatform = platform;
    };
    runtimeShell = "${parts.bash}/bin/bash";
    rustPlatform = {
      inherit (parts) rustc cargo;
      importCargoLock = import ./import-cargo-lock.nix { inherit system; inherit (parts) busybox; };
    };
    defaultCrateOverrides = import ./crate-overrides.nix set;
  };
in
set

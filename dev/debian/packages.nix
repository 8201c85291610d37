# The Debian toolchain in nixpkgs' shape: the few attributes of a package set that dyndrv's nixpkgs
# adapter and the examples use. `paths` maps the parts of packages.txt to store paths, `cross` those
# of cross.txt (`{ }` where nobody asked for them).
{
  paths,
  cross ? { },
}:
let
  system = "x86_64-linux";

  # A store path that exists already, as a dependency that pure evaluation accepts.
  store =
    path:
    builtins.appendContext path {
      ${path} = {
        path = true;
      };
    };

  withoutCross = "the toolchain for other targets is not there: run `dev/nix --with cross …`, or set DYNDRV_WITH=cross";

  # A part as a package. All its outputs are one path here; nixpkgs' names for them work.
  package =
    pname:
    let
      self = {
        inherit pname;
        name = pname;
        outPath = store (paths.${pname} or cross.${pname} or (throw withoutCross));
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
    isWasm = false;
    rust = rustNames "x86_64-unknown-linux-gnu";
    canExecute = host: host.config == "x86_64-unknown-linux-gnu";
  };

  # The package sets for other targets, under nixpkgs' names.
  pkgsCross = {
    aarch64-multiplatform = crossSet {
      platform = {
        system = "aarch64-linux";
        config = "aarch64-unknown-linux-gnu";
        isLinux = true;
        isWasm = false;
        rust = rustNames "aarch64-unknown-linux-gnu";
        emulator = _: "${package "qemu-user"}/bin/qemu-aarch64";
      };
      glibc = package "runtime-aarch64";
      cc = {
        compiler = package "cc-aarch64";
        targetPrefix = "aarch64-linux-gnu-";
      };
    };
    musl64 = crossSet {
      platform = {
        inherit system;
        config = "x86_64-unknown-linux-musl";
        isLinux = true;
        isWasm = false;
        isStatic = true;
        rust = rustNames "x86_64-unknown-linux-musl";
      };
      cc = {
        compiler = package "musl";
        targetPrefix = "x86_64-linux-musl-";
      };
    };
    wasi32 = crossSet {
      platform = {
        system = "wasm32-wasi";
        config = "wasm32-unknown-wasi";
        isLinux = false;
        isWasm = true;
        rust = rustNames "wasm32-wasip1";
        emulator = _: "${package "wazero"}/bin/wazero run";
      };
    };
    wasm32-unknown-none = crossSet {
      platform = {
        system = "wasm32-none";
        config = "wasm32-unknown-none";
        isLinux = false;
        isWasm = true;
        rust = rustNames "wasm32-unknown-unknown";
      };
    };
  };
  rustNames = triple: {
    rustcTarget = triple;
    rustcTargetSpec = triple;
    cargoShortTarget = triple;
  };

  # There is no C compiler for WebAssembly here, and no library but the C library for anything.
  crossSet =
    {
      platform,
      cc ? null,
      ...
    }@packages:
    let
      missing = name: throw "${name} for ${platform.config} is not part of this package set";
      self =
        set
        // builtins.removeAttrs packages [
          "platform"
          "cc"
        ]
        // {
          inherit (platform) system;
          stdenv =
            if cc == null then
              {
                inherit (platform) system;
                inherit cc;
                buildPlatform = set.stdenv.hostPlatform;
                hostPlatform = platform;
                targetPlatform = platform;
              }
            else
              stdenvOf (cc // { host = platform; });
          buildPackages = set // {
            rustc = package "rustc-cross";
          };
          openssl = missing "openssl";
          zlib = missing "zlib";
          zstd = missing "zstd";
          xz = missing "xz";
          defaultCrateOverrides = import ./crate-overrides.nix self;
        };
    in
    self;

  # As far as stdenv's patchPhase uses it.
  patch = derivation {
    name = "patch";
    inherit system;
    __contentAddressed = true;
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    builder = "${parts.bash}/bin/bash";
    PATH = "${parts.coreutils}/bin";
    args = [
      "-euc"
      ''
        mkdir -p $out/bin
        printf '#!%s\nexec %s apply --unidiff-zero "$@"\n' ${parts.bash}/bin/bash ${parts.git}/bin/git >$out/bin/patch
        chmod +x $out/bin/patch
        exit 0
      ''
    ];
  };

  # What nixpkgs' stdenv has on the PATH of every derivation.
  initialPath = [
    parts.coreutils
    parts.findutils
    parts.diffutils
    parts.gnused
    parts.gnugrep
    parts.gawk
    parts.gnutar
    parts.gzip
    parts.gnumake
    parts.bash
    parts.xz
    patch
  ];

  fetchurl = import ./fetchurl.nix {
    inherit system;
    inherit (parts) busybox;
  };

  stdenvOf =
    args:
    import ./stdenv.nix (
      {
        inherit (parts) bash coreutils;
        inherit initialPath;
        build = platform;
      }
      // args
    );

  set =
    builtins.removeAttrs parts [
      "cc"
      "runtime"
    ]
    // {
      inherit system pkgsCross;
      pkgsStatic = pkgsCross.musl64;
      lld = package "lld";
      qemu-user = package "qemu-user";
      wazero = package "wazero";
      glibc = parts.runtime;
      gcc = parts.cc;
      pkgconf = parts.pkg-config;
      stdenv = stdenvOf {
        compiler = parts.cc;
        targetPrefix = "";
        host = platform;
      };
      inherit (set.stdenv) mkShell;
      # As nixpkgs has packages that do not evaluate.
      alsa-lib = throw "Package ‘alsa-lib’ is not available on the requested hostPlatform";
      runtimeShell = "${parts.bash}/bin/bash";
      rustPlatform = {
        inherit (parts) rustc cargo;
        importCargoLock = import ./import-cargo-lock.nix {
          inherit system fetchurl;
          inherit (parts) busybox;
        };
      };
      inherit fetchurl;
      defaultCrateOverrides = import ./crate-overrides.nix set;
    };
in
set

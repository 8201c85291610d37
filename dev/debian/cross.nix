# The parts of cross.txt, in addition to those of `base` (the manifest of toolchain.nix). Evaluated
# by dev/nix once per lock; `manifest` names them.
{ lock, base }:
let
  inherit (import lock) bootstrap parts debs;

  store =
    path:
    builtins.appendContext path {
      ${path} = {
        path = true;
      };
    };
  tools = store bootstrap;
  native = builtins.mapAttrs (_: store) (import base);

  contentAddressed = {
    system = "x86_64-linux";
    builder = "${tools}/bin/sh";
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    __contentAddressed = true;
    inherit tools;
    inherit (native) runtime;
    shell = native.bash;
  };

  archive =
    name:
    derivation {
      name = "${name}.deb";
      system = "builtin";
      builder = "builtin:fetchurl";
      inherit (debs.${name}) url;
      urls = [ debs.${name}.url ];
      preferLocalBuild = true;
      outputHashMode = "flat";
      outputHashAlgo = "sha256";
      outputHash = debs.${name}.sha256;
    };

  part =
    name:
    { debs, uses }:
    derivation (
      contentAddressed
      // {
        inherit name;
        args = [ ./cross.sh ];
        part = ./part.sh;
        debs = map archive debs;
        libraries = [ ];
        target = map (other: built.${other}) uses;
      }
    );

  built = builtins.mapAttrs part parts // {
    # musl, a C compiler for it, and Rust's standard library, which Debian has as sources alone.
    musl = derivation (
      contentAddressed
      // {
        name = "musl";
        args = [ ./cross.sh ];
        debs = map archive parts.musl.debs;
        inherit (native) rustc cargo cc;
        unwind = ./cross.unwind.c;
      }
    );
    # rustc for the host, with the standard libraries of all targets: what nixpkgs has as
    # `pkgsCross.<name>.buildPackages.rustc`.
    rustc-cross = derivation (
      contentAddressed
      // {
        name = "rustc-cross";
        args = [ ./cross.sh ];
        inherit (native) rustc;
        std = [
          built.std-aarch64
          built.std-wasm32
          built.musl
        ];
      }
    );
  };
in
built
// {
  manifest = derivation (
    contentAddressed
    // {
      name = "toolchain-cross";
      args = [
        "-c"
        ''
          {
            echo '{'
            ${builtins.concatStringsSep "\n" (
              map (name: "echo '  \"${name}\" = \"${built.${name}}\";'") (builtins.attrNames built)
            )}
            echo '}'
          } > $out
          exit 0
        ''
      ];
    }
  );
}

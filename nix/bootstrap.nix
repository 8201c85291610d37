# The planner and the unit builder, built by one plain cargo run each.
#
# Both are content-addressed: an edit that leaves a binary as it was stops here,
# which matters because the builder is an input of every unit.
{
  system,
  rustc,
  cargo,
  cc,
  bash,
  coreutils,
  vendor,
}:

let
  root = ../.;
  sources =
    name: paths:
    builtins.path {
      inherit name;
      path = root;
      filter =
        path: _type:
        let
          relative = builtins.substring (builtins.stringLength (toString root) + 1) (-1) (toString path);
        in
        builtins.any (
          p: relative == p || builtins.substring 0 (builtins.stringLength p + 1) relative == "${p}/"
        ) paths;
    };

  cargoBuild =
    package: paths:
    derivation {
      name = package;
      inherit system vendor;
      __contentAddressed = true;
      outputHashAlgo = "sha256";
      outputHashMode = "recursive";
      src = sources "${package}-source" (
        [
          "Cargo.toml"
          "Cargo.lock"
        ]
        ++ paths
      );
      builder = "${bash}/bin/bash";
      args = [
        "-eu"
        ./bootstrap.sh
      ];
      PATH = builtins.concatStringsSep ":" (
        map (p: "${p}/bin") [
          rustc
          cargo
          cc
          coreutils
          bash
        ]
      );
      inherit package;
    };
in
{
  dyndrv = cargoBuild "dyndrv" [
    "src"
    "builder"
  ];
  builder = cargoBuild "dyndrv-builder" [ "builder" ];
}

# A function in the shape of nixpkgs' `buildRustPackage`: the same arguments, and a derivation of stdenv, which
# unpacks, checks and installs as in nixpkgs. What cargo does there is done by units.
#
#   src ─► sources (unpackPhase, patchPhase, configurePhase, preBuild) ─► units ─► stdenv (postBuild, …)
#
# | arguments | are for | module |
# |---|---|---|
# | `src`, `patches`, `postPatch` and the like | the sources that the units are planned from | `sources` |
# | `cargoHash`, `cargoDeps`, `cargoVendorDir` | third-party packages | `vendor` |
# | `buildFeatures`, `cargoBuildFlags`, `checkFlags` and the like | the selection of units and tests | `selection` |
# | `env`, and variables in capitals | the units and stdenv | `variables` |
# | all others | stdenv | `derivation` |
#
# One that cannot be honoured is an error with the reason: `refused`.
{
  # The package sets of the machine that builds, and of the platform that is built for.
  pkgs,
  targetPkgs,
  # `nix/project.nix`.
  project,
}:

let
  inherit (targetPkgs) stdenv;

  refuse = import ./refused.nix { ofBuild = builtins.functionArgs project; };
  variablesOf = import ./variables.nix;
  selectionOf = import ./selection.nix;
  vendorOf = import ./vendor.nix { inherit pkgs; };
  sourcesOf = import ./sources.nix { inherit stdenv variablesOf; };
  finished = import ./derivation.nix { inherit stdenv; };

  # `doCheck` means nothing where programs of the platform do not run.
  canRun =
    stdenv.buildPlatform.canExecute or (host: host.config == stdenv.buildPlatform.config)
      stdenv.hostPlatform;

  derivationOf =
    given:
    let
      args = refuse (given // { doCheck = given.doCheck or true && canRun; });
      selection = selectionOf args;
      variables = variablesOf args;
      sources = sourcesOf { inherit args; };

      projectOf =
        selected:
        let
          # What `build` has and buildRustPackage has no name for.
          own = args.dyndrv or { };
          checkInputs = name: if args.doCheck then args.${name} or [ ] else [ ];
        in
        project (
          {
            inherit (sources) workspace;
            pname = args.pname or args.name;
            version = args.version or "";
            nativeBuildInputs =
              args.nativeBuildInputs or [ ]
              ++ args.propagatedNativeBuildInputs or [ ]
              ++ checkInputs "nativeCheckInputs";
            buildInputs =
              args.buildInputs or [ ] ++ args.propagatedBuildInputs or [ ] ++ checkInputs "checkInputs";
            # As in nixpkgs, a package says itself what its dependencies need.
            crateEnvDefaults = { };
            env = variables.ofUnits;
            inherit (variables) rustflags;
          }
          // vendorOf args
          // selected
          // own
          // {
            checks = selected.checks or { } // own.checks or { };
          }
        );
    in
    finished {
      inherit args sources selection;
      inherit (projectOf (selection.build // { inherit (sources) src; })) package;
      inherit
        (projectOf (
          selection.test
          // {
            inherit
              (sourcesOf {
                inherit args;
                ofTests = true;
              })
              src
              workspace
              ;
          }
        ))
        checks
        ;
    };

  # `attributes` is a function from the final arguments, changed by whoever overrides some, to the arguments.
  make =
    attributes:
    let
      complete =
        final:
        {
          passthru = { };
          meta = { };
        }
        // attributes final;
      final = complete final // {
        finalPackage = package;
      };
      package = derivationOf (complete final) // {
        # Changes arguments of this function: a set, `old: { … }` or `final: old: { … }`.
        overrideAttrs =
          change:
          make (
            final:
            let
              old = complete final;
              changed = if builtins.isFunction change then change final else change;
            in
            if !(builtins.isFunction change) then
              old // change
            else if builtins.isFunction changed then
              old // changed old
            else
              old // change old
          );
      };
    in
    package;
in

args: make (if builtins.isFunction args then args else _: args)

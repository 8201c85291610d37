# The variables that a package of buildRustPackage sets, as nixpkgs has them: those of `env`, and attributes whose names
# are in capitals.
#
#   own        as attributes of a derivation
#   ofUnits    those that compilations, build scripts and tests read, as the argument `env`
#   rustflags  RUSTFLAGS as a list, or null
args:

let
  isVariable = name: builtins.match "[A-Z][A-Z0-9_]*" name != null;
  names = builtins.filter isVariable (builtins.attrNames args);
  own =
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = args.${name};
      }) names
    )
    // args.env or { };

  # cargo is asked for the units without the variables of a package.
  ofCargo = builtins.filter (name: name != "RUSTFLAGS" && import ../is-cargo-variable.nix name) (
    builtins.attrNames own
  );

  flags = own.RUSTFLAGS or null;
  words =
    if builtins.isList flags then
      map toString flags
    else
      builtins.filter (word: builtins.isString word && word != "") (
        builtins.split "[ \n\t]+" (toString flags)
      );
in

if ofCargo != [ ] then
  throw "dyndrv: buildRustPackage cannot honour the variable `${builtins.head ofCargo}` of `${args.pname or args.name}`: cargo plans the units without it. Write what it says into Cargo.toml or .cargo/config.toml, by `postPatch`; flags of rustc are `env.RUSTFLAGS`"
else
  {
    inherit own;
    ofUnits =
      removeAttrs own [ "RUSTFLAGS" ]
      // (if args ? hardeningDisable then { inherit (args) hardeningDisable; } else { });
    rustflags = if flags == null || words == [ ] then null else words;
  }

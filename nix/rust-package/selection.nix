# What is built and tested, as arguments of `build`.
#
#   build      of the package
#   test       of the checks
#   tests      the checks that have to pass, by name
#   type       what cargo calls the directory of the profile
args:

let
  package = args.pname or args.name;
  flagsOf =
    name: ofTests:
    import ./flags.nix {
      inherit name package ofTests;
    } (args.${name} or [ ]);
  toBuild = flagsOf "cargoBuildFlags" false;
  toTest = flagsOf "cargoTestFlags" true;

  type = args.buildType or "release";
  profileOf = type: if type == "debug" then "dev" else type;
  orElse = default: value: if value == null then default else value;

  # The root of the workspace is found by cargo itself.
  directoryOf =
    flags:
    let
      subdirectory = orElse "" (args.buildAndTestSubdir or null);
      root = orElse "" (args.cargoRoot or null);
      at = if flags.manifest == null then subdirectory else flags.manifest;
      below = builtins.match "${root}(/(.*))?" at;
    in
    # `cargoRoot` is where the lock file is: what is built lies there or below.
    if root == "" then
      at
    else if at == "" then
      ""
    else if below == null then
      throw "dyndrv: buildRustPackage cannot honour `buildAndTestSubdir = \"${at}\"` of `${package}`: it is not below `cargoRoot`, \"${root}\""
    else
      orElse "" (builtins.elemAt below 1);

  of = flags: features: noDefaultFeatures: type: {
    directory = directoryOf flags;
    inherit (flags) packages allMembers allFeatures;
    features = features ++ flags.features;
    noDefaultFeatures = noDefaultFeatures || flags.noDefaultFeatures;
    profile = if flags.profile == null then profileOf type else flags.profile;
  };

  listOf =
    value:
    if builtins.isList value then
      value
    else
      builtins.filter (w: builtins.isString w && w != "") (builtins.split "[ \n\t]+" (toString value));

  ofTests = of toTest (args.checkFeatures or args.buildFeatures or [ ]) (args.checkNoDefaultFeatures
    or args.buildNoDefaultFeatures or false
  ) (args.checkType or type);
in
{
  inherit type;
  # Where targets are named, cargo leaves the tests of the documentation out.
  tests =
    if toTest.targets == null then
      [
        "test"
        "doctest"
      ]
    else
      [ "test" ];
  build = of toBuild (args.buildFeatures or [ ]) (args.buildNoDefaultFeatures or false) type // {
    inherit (toBuild) bins;
  };
  test =
    removeAttrs ofTests [
      "packages"
      "allMembers"
    ]
    // {
      checks = {
        inherit (ofTests) packages profile;
        inherit (toTest) targets;
        workspace = ofTests.allMembers;
        members = ofTests.packages;
        testArgs =
          listOf (args.checkFlags or [ ])
          ++ (if args.dontUseCargoParallelTests or false then [ "--test-threads=1" ] else [ ]);
      };
    };
}

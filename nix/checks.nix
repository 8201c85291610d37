# The checks of a project: one graph of units for all of them, and one
# derivation for each kind of check and for each kind and package.
{
  # From `nix/dyndrv.nix`.
  plan,
  graphOf,
  settingsOf,
  wrap,
  src,
  extraSources,
  clippy,
  rustfmt,
}:

{
  # The packages to check; empty for the whole workspace.
  packages ? [ ],
  # The names of the workspace's packages, each of which gets checks of its own
  # (`test-<name>` and so on).
  members ? packages,
  # The profile that tests are compiled with.
  profile ? "dev",
  # Arguments for test executables, as behind `cargo test --`.
  testArgs ? [ ],
  # Seconds after which a test executable is ended; null for no limit.
  testTimeout ? 600,
  # Variables for test executables.
  testEnv ? { },
  # Files that tests read while they run: package name → list of globs relative
  # to the package, besides those of `[package.metadata.dyndrv] test-data`.
  testData ? { },
  # Arguments for clippy, as behind `cargo clippy --`.
  clippyArgs ? [ ],
  # Whether warnings of clippy and rustdoc are errors.
  denyWarnings ? false,
  # Arguments for rustdoc, as in RUSTDOCFLAGS.
  rustdocArgs ? [ ],
}:

let
  graph = graphOf {
    inherit packages profile;
    bins = [ ];
    workspace = packages == [ ];
    allTargets = true;
  };

  settings = settingsOf graph;

  depsPlan = plan "plan-deps" { inherit settings; };

  checksPlan = plan "plan-checks" {
    inherit settings;
    workspace = {
      inherit src extraSources;
      index = builtins.outputOf depsPlan.outPath "index";
    };
    checks = {
      inherit
        testArgs
        testTimeout
        testEnv
        testData
        clippyArgs
        denyWarnings
        rustdocArgs
        ;
      clippy = "${clippy}";
      rustfmt = "${rustfmt}";
      packages = members;
    };
  };

  check = name: {
    inherit name;
    value = wrap {
      suffix = name;
      part = builtins.outputOf (builtins.outputOf checksPlan.outPath "${name}.drv") "out";
      passthru = { inherit graph depsPlan checksPlan; };
    };
  };

  kinds = [
    "test"
    "doctest"
    "clippy"
    "doc"
    "fmt"
  ];
in

builtins.listToAttrs (
  map check (kinds ++ builtins.concatMap (kind: map (member: "${kind}-${member}") members) kinds)
)

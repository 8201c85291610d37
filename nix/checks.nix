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
  checker,
  clippy,
  rustfmt,
}:

{
  # The packages to check; empty for the whole workspace.
  packages ? [ ],
  # The names of the workspace's packages, each of which gets checks of its own
  # (`test-<name>` and so on).
  members ? packages,
  # The profile that tests are compiled with. Units whose settings are those of `dev` are
  # the same units.
  profile ? "test",
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
  # Another number runs again what the reports of tests keep.
  reportAttempt ? 0,
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

  # With a number as `record`, a failed test is a result and no failure.
  planOf =
    record:
    plan "plan-checks" {
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
          record
          ;
        checker = "${checker}";
        clippy = "${clippy}";
        rustfmt = "${rustfmt}";
        packages = members;
      };
    };

  checksPlan = planOf null;

  summaryOf =
    suffix: checksPlan: name: passthru:
    wrap {
      inherit suffix;
      part = builtins.outputOf (builtins.outputOf checksPlan.outPath "${name}.drv") "out";
      passthru = {
        inherit graph depsPlan checksPlan;
      }
      // passthru;
    };

  check = kind: name: {
    inherit name;
    value = summaryOf name checksPlan name (
      if kind == "test" || kind == "doctest" then
        # The same of all tests, failed ones too.
        { report = summaryOf "${name}.report" (planOf reportAttempt) name { }; }
      else
        { }
    );
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
  builtins.concatMap (
    kind: map (check kind) ([ kind ] ++ map (member: "${kind}-${member}") members)
  ) kinds
)

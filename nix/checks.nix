# The checks of a project: one graph of units for all of them, and one
# derivation for each kind of check and for each kind and package.
{
  # From `nix/dyndrv.nix`.
  emittersOf,
  emittersFor,
  packageCounts,
  graphOf,
  settingsOf,
  mentionsOf,
  thirdPartyOf,
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
  # Without names of packages: whether the whole workspace is checked, or what cargo would build by default.
  workspace ? packages == [ ],
  # The names of the workspace's packages, each of which gets checks of its own
  # (`test-<name>` and so on).
  members ? packages,
  # Which targets are checked, as `cargo test` chooses them: { lib; bins; tests = [ names ]; }; null for all.
  targets ? null,
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
  # What cargo is asked for.
  asked = {
    inherit packages profile workspace;
    bins = [ ];
  }
  // (if targets == null then { allTargets = true; } else { inherit targets; });

  graph = graphOf asked;

  settings = settingsOf graph;

  thirdParty = thirdPartyOf settings;

  checksFor = {
    inherit
      testArgs
      testTimeout
      testEnv
      testData
      clippyArgs
      denyWarnings
      rustdocArgs
      ;
    checker = "${checker}";
    clippy = "${clippy}";
    rustfmt = "${rustfmt}";
    packages = members;
  };

  count = emittersFor 10 packageCounts.workspace;

  # Summaries of many packages would be too many for one emitter.
  together = 10;
  few = builtins.length members <= together;

  named = builtins.listToAttrs (
    map (kind: {
      name = kind;
      value = count - 1;
    }) kinds
    ++ builtins.concatLists (
      builtins.genList (
        place:
        map (kind: {
          name = "${kind}-${builtins.elemAt members place}";
          value = if few then count - 1 else count + place / together;
        }) kinds
      ) (builtins.length members)
    )
  );

  # With a number as `record`, a failed test is a result and no failure.
  emittedWith =
    record:
    emittersOf {
      layer = "checks";
      command = "plan-checks";
      attrs = {
        inherit settings;
        workspace = {
          inherit src extraSources;
          index = thirdParty.plan.index.outPath;
        };
        checks = checksFor // {
          inherit record;
        };
      };
      inherit count named;
      below = thirdParty.emitters;
      mentions = mentionsOf settings // {
        checks = checksFor;
      };
    };

  emitted = emittedWith null;

  summaryOf =
    suffix: emitted: name: passthru:
    wrap {
      inherit suffix;
      part = emitted.output name;
      passthru = {
        inherit graph;
        thirdPartyPlan = thirdParty.plan;
        checksPlan = emitted.plan;
        inherit (emitted) emitters;
      }
      // passthru;
    };

  check = kind: name: {
    inherit name;
    value = summaryOf name emitted name (
      if kind == "test" || kind == "doctest" then
        # The same of all tests, failed ones too.
        { report = summaryOf "${name}.report" (emittedWith reportAttempt) name { }; }
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

{
  checks = builtins.listToAttrs (
    builtins.concatMap (
      kind: map (check kind) ([ kind ] ++ map (member: "${kind}-${member}") members)
    ) kinds
  );

  # For `dyndrv test` and its like.
  inherit asked;
  settings = checksFor // {
    record = null;
  };
}

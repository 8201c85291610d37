# Third-party packages by a lock file that is there only when something was built, such as that of `fetchFromGitHub`:
# a step reads it and plans what fetches them (src/plan/fetches/mod.rs), so that nothing is imported from a derivation.
{
  system,
  # A package with the planner.
  dyndrv,
  # The source tree, and where the workspace is below it.
  src,
  workspace,
  # The address of each registry's index → where its archives are.
  registries,
  # The crates that `crateEnv` names: the lock file must have each.
  crates,
}:

let
  step = import ./step.nix { inherit system dyndrv; };

  # Nobody knows how many packages there are. Emitters without any are not run.
  count = 6;

  planned = import ./emitters.nix step {
    layer = "fetches";
    command = "plan-fetches";
    attrs.fetches = {
      inherit
        src
        workspace
        registries
        crates
        system
        dyndrv
        ;
    };
    inherit count;
    named = {
      vendor = count - 1;
      vendor-directory = count - 1;
    };
    mentions = { inherit dyndrv; };
  };
in
{
  # A directory of links to the archives.
  vendor = planned.output "vendor";
  # The derivation that makes the same of directories, and what it makes.
  vendorDirectory = planned.derivation "vendor-directory";
  unpacked = planned.output "vendor-directory";
}

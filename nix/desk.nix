# What `dyndrv build` plans with, outside of the sandbox: the attributes of the planning steps.
#
# A derivation writes them down, so that all that they mention is there, and every output of a
# content-addressed derivation has its path. Each step's attributes have a file of their own: the
# objects in its closure are those that the step itself would see.
{
  # From `nix/dyndrv.nix`.
  step,
  # The source tree, and where users have it: a path that they wrote down.
  src,
  origin,
  # The attributes of the steps, without those that depend on the sources.
  places,
  selection,
  thirdParty,
  workspace,
  checks,
  checksSelection,
}:

let
  record =
    name: attrs:
    step "desk-${name}.json" "record" {
      record = attrs;
      outputHashMode = "recursive";
    };

  settings = record "settings" {
    inherit places selection;
    third-party = record "third-party" thirdParty;
    workspace = record "workspace" workspace;
    checks = record "checks" checks;
    checks-selection = checksSelection;
  };

  # Only its path is of interest.
  plain = path: builtins.unsafeDiscardStringContext "${path}";
in
{
  drv = settings.drvPath;
  src = plain src;
  origin = builtins.unsafeDiscardStringContext (toString origin);
}

{
  # `mkLib pkgs` of dyndrv.
  dyndrv,
  pkgs,
  src ? ./.,
  # Further arguments of `build`, as `{ packages = [ "labels" ]; }`.
  settings ? { },
}:

dyndrv.build (
  {
    inherit src;
    # A workspace without a package at its root has no name of its own.
    pname = "stock";
  }
  // settings
)

{
  # `mkLib pkgs` of dyndrv.
  dyndrv,
  pkgs,
  src ? ./.,
  # Further arguments of `build`, as `{ profile = "dev"; }`.
  settings ? { },
}:

dyndrv.build ({ inherit src; } // settings)

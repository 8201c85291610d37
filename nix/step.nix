# One step of the planner. It reads its arguments from the structured attributes, so that no argument meets a
# limit on the environment's size.
{
  system,
  # A package with the planner.
  dyndrv,
}:
name: command: attrs:

derivation (
  {
    inherit name system;
    __contentAddressed = true;
    outputHashAlgo = "sha256";
    outputHashMode = "recursive";
    __structuredAttrs = true;
    builder = "${dyndrv}/bin/dyndrv";
    args = [ command ];
    # A step takes milliseconds; to ask a cache for it takes longer.
    preferLocalBuild = true;
    allowSubstitutes = false;
  }
  // attrs
)

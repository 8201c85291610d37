# How a project is compiled incrementally, from the arguments that users give; null if it is not.
{
  incremental,
  incrementalFrom,
  incrementalKeep,
  incrementalDirectory,
  # Whether the source is its own base, and each unit is copied from there.
  primes,
  src,
  # From a source to the package of the project with that source, without a base.
  ofSource,
}:

let
  isList = builtins.isAttrs incrementalFrom && incrementalFrom ? states;

  base =
    if primes then
      { plan = ofSource src; }
    else if incrementalFrom == null then
      null
    else if isList then
      { states = inStore incrementalFrom.states; }
    else
      { plan = ofSource incrementalFrom; };

  # A path that was written down is no dependency yet.
  inStore =
    states:
    let
      path = "${states}";
    in
    if builtins.hasContext path then path else builtins.storePath path;

  given = {
    incrementalFrom = incrementalFrom != null;
    inherit incrementalKeep;
    incrementalDirectory = incrementalDirectory != null;
  };
  without = builtins.filter (name: given.${name}) (builtins.attrNames given);
in

if !incremental then
  if incrementalFrom != null || incrementalDirectory != null then
    throw "dyndrv: ${builtins.head without} has no effect without `incremental = true`"
  else
    null
else if incrementalDirectory != null && (incrementalFrom != null || incrementalKeep) then
  throw "dyndrv: with `incrementalDirectory` all state is in that directory: leave out `incrementalFrom` and `incrementalKeep`"
else
  {
    keep = incrementalKeep && !primes;
    copy = primes;
    directory = incrementalDirectory;
    inherit base;
  }

# A package's license, an expression of SPDX, in nixpkgs' terms: one attribute set of `lib.licenses`,
# or a list of them, whose members nixpkgs leaves undecided between "or" and "and".
lib: license:

let
  # Old manifests separate with a slash.
  words = builtins.filter (word: builtins.isString word && word != "") (
    builtins.split "[ ()/]+" license
  );
  # `WITH` and the exception behind it are not part of nixpkgs' names.
  step =
    state: word:
    if word == "WITH" then
      state // { skip = true; }
    else if state.skip then
      state // { skip = false; }
    else if word == "OR" || word == "AND" then
      state
    else
      state // { ids = state.ids ++ [ word ]; };
  inherit
    (builtins.foldl' step {
      ids = [ ];
      skip = false;
    } words)
    ids
    ;
  found = map lib.getLicenseFromSpdxId ids;
in

if license == null then
  null
else if !(lib ? getLicenseFromSpdxId) then
  license
else if builtins.length found == 1 then
  builtins.head found
else
  found

# The directories of third-party packages that are among the sources, and that cargo's
# configuration beside them takes packages from: `[source.….replace-with]`.
#
#   dirs    these directories; empty without any
#   covers  whether packages of a source, as the lock file names it, are in one of them
#
# A directory that the configuration names but the sources lack (because git ignores it,
# say) does not count: what the lock file names can still be had from elsewhere.
{
  src,
  # Where the workspace is below `src`.
  workspace,
}:

let
  segmentsOf =
    path:
    builtins.filter (part: builtins.isString part && part != "" && part != ".") (
      builtins.split "/" path
    );
  init = list: builtins.genList (builtins.elemAt list) (builtins.length list - 1);
  join = builtins.concatStringsSep "/";
  at = segments: if segments == [ ] then src else src + "/${join segments}";

  # The workspace's directory and those above it, the outermost first: what is closer to cargo wins.
  dirsTo = segments: (if segments == [ ] then [ ] else dirsTo (init segments)) ++ [ segments ];

  # cargo prefers the old name where there are both.
  fileOf =
    dir:
    builtins.filter (file: builtins.pathExists (at file)) [
      (
        dir
        ++ [
          ".cargo"
          "config"
        ]
      )
      (
        dir
        ++ [
          ".cargo"
          "config.toml"
        ]
      )
    ];

  # The definitions of sources in a directory's file, each with the directory that its path is relative to.
  sourcesOf =
    dir:
    let
      files = fileOf dir;
      file = import ./toml.nix (at (builtins.head files));
    in
    if files == [ ] then
      { }
    else
      builtins.mapAttrs (_: source: source // (if source ? directory then { base = dir; } else { })) (
        file.source or { }
      );

  sources = builtins.foldl' (
    known: dir:
    known // builtins.mapAttrs (name: source: known.${name} or { } // source) (sourcesOf dir)
  ) { } (dirsTo (segmentsOf workspace));

  # The source at the end of a chain of replacements; cargo complains about those that have none.
  replacement =
    seen: name:
    let
      source = sources.${name} or { };
    in
    if builtins.elem name seen || source ? replace-with == false then
      source
    else
      replacement (seen ++ [ name ]) source.replace-with;

  # Where the packages of a source are, as segments below `src`; null if that is not a directory there.
  placeOf =
    name:
    let
      end = replacement [ ] name;
      step =
        done: part:
        if done == null || part == ".." && done == [ ] then
          null
        else if part == ".." then
          init done
        else
          done ++ [ part ];
      place = builtins.foldl' step end.base (segmentsOf end.directory);
      isBelow = builtins.substring 0 1 end.directory != "/" && place != null;
    in
    if end ? directory && isBelow && builtins.pathExists (at place) then place else null;

  replaced = builtins.filter (name: sources.${name} ? replace-with && placeOf name != null) (
    builtins.attrNames sources
  );

  definitionOf =
    name:
    removeAttrs sources.${name} [
      "replace-with"
      "directory"
      "base"
    ];
  isIn =
    locked: name:
    if locked.name == "crates-io" then name == "crates-io" else definitionOf name == locked.definition;
in

{
  covers = source: builtins.any (isIn (import ./locked-source.nix source)) replaced;

  # Each once.
  dirs = map at (
    builtins.attrValues (
      builtins.listToAttrs (
        map (name: {
          name = join (placeOf name);
          value = placeOf name;
        }) replaced
      )
    )
  );
}

# One store path that refers to all archives of a lock file, so that one garbage collector root keeps them.
{ list, busybox }:
let
  store =
    path:
    builtins.appendContext path {
      ${path} = {
        path = true;
      };
    };
  paths = builtins.filter builtins.isString (builtins.split "\n" (builtins.readFile list));
in
derivation {
  name = "crates";
  system = "x86_64-linux";
  builder = "${store busybox}/bin/sh";
  args = [
    "-c"
    "${store busybox}/bin/cp $pathsPath $out; exit 0"
  ];
  passAsFile = [ "paths" ];
  paths = builtins.concatStringsSep "\n" (map store (builtins.filter (path: path != "") paths));
  outputHashMode = "recursive";
  outputHashAlgo = "sha256";
  __contentAddressed = true;
}

# Debian archives -> the toolchain's parts, each a content-addressed store path in nixpkgs' layout
# (`bin/`, `lib/`, `include/`). Evaluated by dev/nix once per lock; `manifest` names all parts.
{ lock }:
let
  inherit (import lock) bootstrap parts debs;

  store =
    path:
    builtins.appendContext path {
      ${path} = {
        path = true;
      };
    };
  tools = store bootstrap;

  contentAddressed = {
    system = "x86_64-linux";
    builder = "${tools}/bin/sh";
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    __contentAddressed = true;
    inherit tools;
  };

  # The archive as apt fetched and verified it. The store has it already; if it was collected as
  # garbage, Nix downloads it again.
  archive =
    name:
    derivation {
      name = "${name}.deb";
      system = "builtin";
      builder = "builtin:fetchurl";
      inherit (debs.${name}) url;
      urls = [ debs.${name}.url ];
      preferLocalBuild = true;
      outputHashMode = "flat";
      outputHashAlgo = "sha256";
      outputHash = debs.${name}.sha256;
    };

  part =
    name:
    { debs, uses }:
    derivation (
      contentAddressed
      // {
        inherit name;
        args = [ ./part.sh ];
        debs = map archive debs;
        runtime = if name == "runtime" then "" else built.runtime;
        libraries = map (other: built.${other}) uses;
        shell =
          if
            builtins.elem name [
              "runtime"
              "bash"
            ]
          then
            ""
          else
            built.bash;
      }
    );

  built = builtins.mapAttrs part parts;
in
built
// {
  manifest = derivation (
    contentAddressed
    // {
      name = "toolchain";
      args = [
        "-c"
        ''
          {
            echo '{'
            ${builtins.concatStringsSep "\n" (
              map (name: "echo '  \"${name}\" = \"${built.${name}}\";'") (builtins.attrNames parts)
            )}
            echo '}'
          } > $out
          exit 0
        ''
      ];
    }
  );
}

# nixpkgs' stdenv over Debian's programs, as far as dyndrv uses it: `mkDerivation` with a setup script
# that runs hooks, and a C compiler in a wrapper that does nothing but in a role.
{
  # Parts of packages.nix.
  bash,
  coreutils,
  # Packages whose programs every derivation has.
  initialPath,
  # The C compiler, and the start of its programs' names.
  compiler,
  targetPrefix,
  # The platforms; `build` is the one that the compiler runs on.
  build,
  host,
}:
let
  salt = builtins.replaceStrings [ "-" "." ] [ "_" "_" ] host.config;

  cc =
    derivation {
      name = "cc-wrapper";
      inherit (build) system;
      __contentAddressed = true;
      outputHashMode = "recursive";
      outputHashAlgo = "sha256";
      builder = "${bash}/bin/bash";
      PATH = "${coreutils}/bin";
      inherit bash compiler salt;
      prefix = targetPrefix;
      wrapper = ./cc-wrapper.sh;
      hook = ''
        export NIX_CC_WRAPPER_TARGET_''${role}_@salt@=1
        export NIX_CC$suffix=@out@
        export CC$suffix=@prefix@gcc CXX$suffix=@prefix@g++ AR$suffix=@prefix@ar
        : "''${NIX_HARDENING_ENABLE=fortify stackprotector pic relro bindnow}"
        export NIX_HARDENING_ENABLE
        addCVars() {
          [[ ! -d $1/include ]] || NIX_CFLAGS_COMPILE+=" -isystem $1/include"
          [[ ! -d $1/lib ]] || NIX_LDFLAGS+=" -L$1/lib"
        }
        addEnvHooks host addCVars
      '';
      args = [
        "-euc"
        ''
          mkdir -p $out/bin $out/nix-support
          template=$(<$wrapper)
          for program in $compiler/bin/*; do
            name=''${program##*/}
            case ''${name#"$prefix"} in
              cc | gcc | c++ | g++)
                text=''${template//@program@/$program}
                text=''${text//@salt@/$salt}
                printf '#!%s\n%s\n' $bash/bin/bash "$text" >$out/bin/$name
                chmod +x $out/bin/$name
                ;;
              *) ln -s $program $out/bin/$name ;;
            esac
          done
          text=''${hook//@salt@/$salt}
          text=''${text//@prefix@/$prefix}
          printf '%s' "''${text//@out@/$out}" >$out/nix-support/setup-hook
          echo $compiler >$out/nix-support/orig-cc
          echo $compiler >$out/nix-support/orig-libc-dev
          exit 0
        ''
      ];
    }
    // {
      inherit targetPrefix;
      cc = compiler;
      bintools = compiler;
      suffixSalt = salt;
      isGNU = true;
      isClang = false;
    };

  # Lists of packages lose what is null, as in nixpkgs.
  inputs =
    attrs: key:
    if attrs ? ${key} then { ${key} = builtins.filter (p: p != null) attrs.${key}; } else { };

  mkDerivation =
    attrs:
    let
      passthru = attrs.passthru or { };
      environment =
        removeAttrs attrs [
          "passthru"
          "meta"
          "env"
          "__contentAddressed"
          "__structuredAttrs"
        ]
        // attrs.env or { };
      version = if attrs ? version then "-${attrs.version}" else "";
    in
    derivation (
      {
        name = "${attrs.pname}${version}";
        inherit (build) system;
        builder = "${bash}/bin/bash";
        args = [
          "-ec"
          ''
            source "$stdenv/setup"
            genericBuild
            exit 0
          ''
        ];
        # Where `nix develop` looks for the setup script.
        stdenv = builtins.path {
          path = ./.;
          name = "stdenv";
          filter = path: _type: baseNameOf path == "setup";
        };
        __ignoreNulls = true;
        inherit initialPath cc;
        outputs = [ "out" ];
        depsBuildBuild = [ ];
        nativeBuildInputs = [ ];
        buildInputs = [ ];
      }
      // environment
      // inputs attrs "depsBuildBuild"
      // inputs attrs "nativeBuildInputs"
      // inputs attrs "buildInputs"
      // (
        if attrs.__contentAddressed or false then
          {
            __contentAddressed = true;
            outputHashMode = "recursive";
            outputHashAlgo = "sha256";
          }
        else
          { }
      )
    )
    // passthru
    // {
      inherit passthru;
      meta = attrs.meta or { };
    };

  # A derivation for `nix develop`.
  mkShell =
    attrs:
    mkDerivation (
      {
        name = "nix-shell";
        buildCommand = "export -p >$out";
      }
      // attrs
    );
in
{
  inherit (host) system;
  inherit
    cc
    initialPath
    mkDerivation
    mkShell
    ;
  shell = "${bash}/bin/bash";
  buildPlatform = build;
  hostPlatform = host;
  targetPlatform = host;
}

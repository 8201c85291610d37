# A plan and its emitters, which write the derivations that the plan describes:
# see src/plan/emitter/mod.rs.
#
#   plan ─► contents-0 ─► emitter 0 ─► unit.drv …
#        ─► contents-1 ─► emitter 1 ─► unit.drv …
#        ─► index
#
# An emitter is itself the output of a derivation, because the Nix language cannot
# give a derivation outputs that follow from a plan.
step:

{
  # What the plan's derivations have in common: `fetches`, `third-party`, `workspace` or `checks`.
  layer,
  # The planner's command, and its attributes.
  command,
  attrs,
  # How many emitters there are for what nobody looks for by name.
  count,
  # Derivations that are looked for by name, with the number of the emitter that
  # writes each: the last of those, or a later one.
  named ? { },
  # The emitters of the layers that this one builds upon.
  below ? { },
  # All store objects that the derivations can mention, in any shape.
  mentions,
}:

let
  numbers = builtins.genList (number: number) (
    builtins.foldl' (most: number: if number < most then most else number + 1) count (
      builtins.attrValues named
    )
  );

  contents = number: "contents-${toString number}";
  outputs = map contents numbers ++ [ "index" ];

  plan = step "plan" command (
    attrs
    // {
      inherit outputs;
      emitters = { inherit layer count named; };
      # What is mentioned is there when the emitters need it; and what users have in
      # their sources may look like a reference.
      unsafeDiscardReferences = builtins.listToAttrs (
        map (name: {
          inherit name;
          value = true;
        }) outputs
      );
    }
  );

  key = number: "${layer}-${toString number}";

  emitter =
    earlier: number:
    earlier
    // {
      ${key number} = step "crate.drv" "emitter" {
        outputHashMode = "text";
        emitter = {
          contents = plan.${contents number}.outPath;
          others = builtins.mapAttrs (_: other: other.outPath) earlier;
        };
        inherit mentions;
      };
    };

  emitters = builtins.foldl' emitter below numbers;
  # A derivation that is looked for by name.
  derivation = name: builtins.outputOf emitters.${key named.${name}}.outPath "${name}.drv";
in
{
  inherit emitters derivation;

  # With an index that `nix build` builds alone.
  plan = plan // {
    index = plan.index // {
      outputSpecified = true;
    };
  };

  # The output `out` of it.
  output = name: builtins.outputOf (derivation name) "out";
}

# Says what is wrong with the arguments of a function, by name: `function called with unexpected
# argument` neither names the function nor what the user was after.
{
  # What has the arguments, as users know it, and a verb: "`build` has".
  subject,
  # The arguments that it has, by name; values do not matter.
  known,
  # Names from elsewhere (nixpkgs, crane, cargo) → what stands in for them here.
  standIns,
  # Whether arguments are let pass that are neither of these nor near to one.
  others ? false,
}:
args:

let
  # The number of characters to add, remove or change to come from one word to the other.
  distance =
    a: b:
    let
      width = builtins.stringLength b;
      character = word: i: builtins.substring i 1 word;
      first = builtins.genList (i: i) (width + 1);
      least = builtins.foldl' (x: y: if y < x then y else x);
      # The distances of the first `i + 1` characters of `a` to all beginnings of `b`.
      row =
        previous: i:
        builtins.foldl' (
          done: j:
          let
            cost = if character a i == character b j then 0 else 1;
          in
          done
          ++ [
            (least (builtins.elemAt previous j + cost) [
              (builtins.elemAt previous (j + 1) + 1)
              (builtins.elemAt done j + 1)
            ])
          ]
        ) [ (i + 1) ] (builtins.genList (j: j) width);
      last = builtins.foldl' row first (builtins.genList (i: i) (builtins.stringLength a));
    in
    builtins.elemAt last width;

  unknown = builtins.filter (name: !(known ? ${name})) (builtins.attrNames args);
  wrong = builtins.filter (name: !others || standIns ? ${name} || nearTo name != [ ]) unknown;
  name = builtins.head wrong;

  near = nearTo name;
  nearTo =
    name:
    let
      # A misspelling keeps most of a word; a name of its own may be as near as a quarter.
      most = if others then 2 else 1 + builtins.stringLength name / 4;
      isNear = other: distance name other <= most;
    in
    if others && builtins.stringLength name < 6 then
      [ ]
    else
      builtins.filter isNear (builtins.attrNames known);

  advice =
    if standIns ? ${name} then
      standIns.${name}
    else if near != [ ] then
      "Did you mean ${builtins.concatStringsSep " or " (map (other: "`${other}`") near)}?"
    else
      "The arguments are ${builtins.concatStringsSep ", " (builtins.attrNames known)}";
in

if wrong == [ ] then args else throw "dyndrv: ${subject} no argument `${name}`. ${advice}"

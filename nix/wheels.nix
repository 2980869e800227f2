# The wheels that the rehearsal's pytest needs, so that a rehearsal needs no network.
# The program has the same list compiled in.
{
  fetchPypi,
  lib,
  linkFarm,
}:
let
  lines = lib.splitString "\n" (builtins.readFile ../src/rehearsal/product/pytest_wheels.txt);
  parse = builtins.match "([a-z_]+)==([0-9.]+) --hash=sha256:([0-9a-f]{64})";
  wheel =
    line:
    let
      found = parse line;
      pname = builtins.elemAt found 0;
      version = builtins.elemAt found 1;
    in
    {
      name = "${pname}-${version}-py3-none-any.whl";
      path = fetchPypi {
        inherit pname version;
        sha256 = builtins.elemAt found 2;
        format = "wheel";
        dist = "py3";
        python = "py3";
      };
    };
in
linkFarm "gate-rehearsal-wheels" (map wheel (lib.filter (line: line != "") lines))

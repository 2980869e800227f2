# Every program that the gate, the product under test and its harness may start: one list for
# wrapper, shell and image. `tests/nix/programs.sh` shows that it is enough.
{
  bash,
  bubblewrap,
  coreutils,
  flyctl,
  gate-pipx,
  gh,
  git,
  gnugrep,
  gnused,
  gnutar,
  gzip,
  lib,
  openssh,
  python3,
  stdenv,
  uv,
  writeText,
}:
let
  runtime = [
    bash
    coreutils
    flyctl
    gate-pipx
    gh
    git
    gnugrep
    gnused
    gnutar
    gzip
    openssh
    python3
    uv
  ]
  # the sandbox for judged code; macOS brings its own
  ++ lib.optional stdenv.hostPlatform.isLinux bubblewrap;
  pin = tool: {
    # nixpkgs' name of bash; everyone else's is the program's
    name = lib.removeSuffix "-interactive" (lib.getName tool);
    value = {
      version = lib.getVersion tool;
      path = "${lib.getBin tool}";
    };
  };
in
{
  inherit python3 runtime;
  path = lib.makeBinPath runtime;
  # name, version and store path of each, for `gate doctor` and the evidence
  manifest = writeText "gate-tools.json" (builtins.toJSON (builtins.listToAttrs (map pin runtime)));
}

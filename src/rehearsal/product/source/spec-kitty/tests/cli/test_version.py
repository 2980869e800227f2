from specify_cli import __version__
from specify_cli.cli import app


def test_version_is_the_last_line(capsys):
    assert app.main(["--version"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"spec-kitty-cli version {__version__}"
    assert len(lines) > 25


def test_no_command_is_a_mistake():
    assert app.main([]) == 2

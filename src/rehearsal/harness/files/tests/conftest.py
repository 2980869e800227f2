import pytest

from identity_boundary import evidence, saas
from identity_boundary.cli import Cli

HTTP_STATUS = {"payload_too_large": 413}


@pytest.fixture(scope="session")
def saas_url():
    url = saas.settings()["saas_url"]
    if not url:
        pytest.skip("neither SPEC_KITTY_SAAS_URL nor e2e-settings.json names a SaaS")
    return url


@pytest.fixture
def teamspace_cli(saas_url, tmp_path):
    """The CLI under test in a fresh HOME."""
    return Cli(tmp_path / "home", saas_url)


@pytest.fixture
def teamspace_mission(request):
    """A mission name that nobody has used."""
    return f"teamspace-{request.node.name.replace('_', '-')}-{evidence.ulid().lower()}"


@pytest.fixture
def assert_synced(saas_url):
    """Checks a drain; on failure it tells what the SaaS says of it."""

    def check(result):
        _, pulse = saas.get(saas_url, "/api/v1/teamspace/pulse/")
        failure = pulse["last_failure_class"]
        status = HTTP_STATUS.get(failure)
        assert failure is None, f"HTTP {status}, last_failure_class={failure}\n{result.transcript()}"
        result.ok()

    return check

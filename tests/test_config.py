"""Settings: where they come from, which wins, and what is said about those that cannot be used."""

from pathlib import Path

import pytest

from penstock.config import load_settings
from penstock.errors import InvalidInput


def write(folder: Path, text: str, name: str = "penstock.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()  # the search ends here, whatever lies above
    return tmp_path


def test_without_a_file_the_defaults_count(folder):
    settings = load_settings(folder, environ={})
    assert (settings.aws.region, settings.aws.account, settings.aws.endpoint_url) == ("us-east-1", "123456789012", None)
    assert settings.file is None
    assert settings.machine_arn("m") == "arn:aws:states:us-east-1:123456789012:stateMachine:m"


def test_the_nearest_file_counts(folder):
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    write(folder, '[aws]\nregion = "eu-west-1"')
    assert load_settings(inner, environ={}).aws.region == "eu-west-1"
    near = write(folder / "a", '[functions]\n"Pay" = "app.pay:main"')
    settings = load_settings(inner, environ={})
    assert (settings.aws.region, settings.functions, settings.root) == (
        "us-east-1",
        {"Pay": "app.pay:main"},
        near.parent,
    )


def test_the_search_stops_at_the_repository(folder):
    inner = folder / "repo"
    (inner / ".git").mkdir(parents=True)
    write(folder, '[aws]\nregion = "eu-west-1"')
    assert load_settings(inner, environ={}).file is None


def test_a_table_of_pyproject_counts_and_other_pyprojects_do_not(folder):
    write(folder, '[tool.penstock.aws]\nregion = "eu-west-1"', "pyproject.toml")
    inner = folder / "x"
    inner.mkdir()
    write(inner, "[tool.other]\nregion = 1", "pyproject.toml")
    assert load_settings(inner, environ={}).aws.region == "eu-west-1"


def test_flags_win_over_the_environment_and_that_over_the_file(folder):
    write(folder, '[aws]\nregion = "eu-west-1"\naccount = "111111111111"')
    environ = {"PENSTOCK_AWS_REGION": "eu-west-2"}
    assert load_settings(folder, environ=environ).aws.region == "eu-west-2"
    assert load_settings(folder, environ=environ, region="eu-west-3").aws.region == "eu-west-3"
    assert load_settings(folder, environ=environ).aws.account == "111111111111"


def test_the_environment_names_the_file(folder):
    file = write(folder, '[aws]\nregion = "eu-west-1"', "other.toml")
    assert load_settings(folder, environ={"PENSTOCK_CONFIG": str(file)}).aws.region == "eu-west-1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[aws", "is not TOML"),
        ("[awz]\n", "unknown key `awz`; did you mean `aws`?"),
        ("[aws]\nregoin = 'x'", "[aws] has an unknown key `regoin`; did you mean `region`?"),
        ("[aws]\naccount = 123456789012", "`aws.account` is a text, not a number. Write it between quotes."),
        ("[aws]\naccount = '12'", "account number of 12 digits"),
        ("[aws]\nregion = 'a b'", "name of a region"),
        ("[aws]\nendpoint_url = 'localhost'", "is a URL"),
        ("aws = 3", "`aws` is a table ([aws]), not a number"),
        ("[server]\nhosts = ['http://a']", "is a list of host names without ports"),
        ("[server]\nhosts = ['a.test', 'a.test:4599']", "is a list of host names without ports"),
        ("[functions]\nPay = 3", "`functions.Pay` is a text `module:callable`, not a number"),
        ("[functions]\nPay = 'app.pay'", "has the form `module:callable`"),
        ("[functions]\nPay = 'os;x:y'", "has the form `module:callable`"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_with_file_and_key(folder, text, words):
    write(folder, text)
    with pytest.raises(InvalidInput) as caught:
        load_settings(folder, environ={})
    message = str(caught.value)
    assert words in message
    assert "penstock.toml" in message
    assert "\n" not in message


def test_a_wrong_variable_is_called_by_its_name(folder):
    with pytest.raises(InvalidInput, match="PENSTOCK_AWS_ACCOUNT"):
        load_settings(folder, environ={"PENSTOCK_AWS_ACCOUNT": "x"})


def test_a_settings_file_that_is_not_there_is_said(folder):
    with pytest.raises(InvalidInput, match=r"nope\.toml cannot be read"):
        load_settings(folder, file=folder / "nope.toml", environ={})


def test_a_settings_file_that_is_not_utf_8_is_said(folder):
    (folder / "penstock.toml").write_bytes(b'[aws]\nregion = "\xff"')
    with pytest.raises(InvalidInput, match=r"penstock\.toml is not UTF-8 text \(byte 16\); save it as UTF-8\.$"):
        load_settings(folder, environ={})


def test_the_folder_of_objects_is_beside_the_file_or_where_the_user_is(folder, monkeypatch):
    write(folder, '[aws]\nobjects = "buckets"')
    assert load_settings(folder, environ={}).aws.objects == "buckets"
    monkeypatch.chdir(folder.parent)
    assert load_settings(folder, environ={"PENSTOCK_AWS_OBJECTS": "o"}).aws.objects == str(folder.parent / "o")

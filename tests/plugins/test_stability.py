"""What plugins import goes slowly, and says so before."""

import pytest

import lms_core.api
from lms_core.hooks.deprecation import Deprecated


def test_a_name_that_is_to_go_warns_and_says_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"Licence": Deprecated(lms_core.api.Permission, "0.2", "write Permission")}
    monkeypatch.setattr(lms_core.api, "DEPRECATED", known)
    with pytest.warns(DeprecationWarning, match="write Permission") as warned:
        from lms_core.api import Licence  # type: ignore[attr-defined]  # that is what is tried
    assert Licence is lms_core.api.Permission
    assert {str(warning.message) for warning in warned} == {
        "lms_core.api.Licence is deprecated since 0.2 and gone in 0.4: write Permission"
    }
    assert {warning.filename for warning in warned} <= {__file__, "<frozen importlib._bootstrap>"}


@pytest.mark.parametrize(("since", "gone"), [("0.2", "0.4"), ("0.11", "0.13"), ("1.0", "2.0"), ("1.7", "2.0")])
def test_from_version_1_on_only_a_major_version_takes_away(since: str, gone: str) -> None:
    assert Deprecated(None, since, "").gone_in == gone


def test_a_name_that_never_was() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Licence'"):
        _ = lms_core.api.Licence
    with pytest.raises(ImportError):
        from lms_core.api import Licence  # type: ignore[attr-defined]  # noqa: F401

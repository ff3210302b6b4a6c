"""Names that are one: what resembles what, and above all what does not."""

from itertools import permutations

import pytest

from parity_pipeline.name_likeness import HOWS, are_alike, signatures, similarity

VALUES = (
    *("gpt-4", "gpt-4o", "gpt-4-turbo", "gpt-4.1", "gpt-4.1-mini", "gpt-5", "o1", "o3", "o1-mini", "o3-mini"),
    *("claude-3-haiku", "claude-3-opus", "claude-3-sonnet", "claude-3.5-sonnet", "claude-35-sonnet"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1"),
    *("input", "output", "cached", "read", "write", "sync", "async", "hot", "cold", "on", "off"),
    *("small", "medium", "large", "xlarge", "2xlarge", "a100", "h100", "t4", "l4", "v1", "v2", "v10"),
    *("basic", "pro", "team", "business", "enterprise", "enterprise-plus", "free", "trial", "premium"),
    *("storage", "storage_egress", "storage_ingress", "egress", "ingress", "uploads", "downloads"),
    *("tokens", "tokens_input", "tokens_output", "api_calls", "api_errors", "seats", "seats_admin"),
    *("model-a", "model-b", "tenant-1", "tenant-11", "1.1", "11", "1-1", "2026-01", "2026-10"),
    *("c", "c++", "c#", "female", "male"),
)
CUSTOMERS = (*(f"cus_{number:05}" for number in range(40)), "acme-eu", "acme-us", "globex-a", "globex-b")


def alike(name: str, other: str, kind: str) -> str | None:
    """The surest way in which two names are alike, by the signatures they share."""
    others = set(signatures(other, kind))
    found = {how for how, key in signatures(name, kind) if (how, key) in others}
    return next((how for how in HOWS if how in found and are_alike(how, name, other, kind)), None)


@pytest.mark.parametrize(
    ("kind", "name", "other", "how"),
    [
        ("group_value", "GPT-4", "gpt-4", "case"),
        ("group_value", "gpt-4 ", "gpt-4", "spaces"),
        ("group_value", "gpt\u00a04", "gpt-4", "spaces"),
        ("group_value", "gpt_4", "GPT-4", "spaces"),
        ("group_value", "openai/gpt-4", "gpt-4", "prefix"),
        ("group_value", "gpt-4o-2024-08-06", "gpt-4o", "prefix"),
        ("group_value", "calude-3-opus", "claude-3-opus", "one_edit"),
        ("group_value", "premum", "premium", "one_edit"),
        ("meter", "api-calls", "api_calls", "spaces"),
        ("meter", "apiCalls", "api_calls", "spaces"),
        ("meter", "api_call", "api_calls", "one_edit"),
        ("meter", "tokens", "tokens_used", "prefix"),
        ("meter", "tokens", "tokens", "alias"),
        ("product", "API calls (metered)", "API calls", "prefix"),
        ("customer", "cus_00012", "CUS_00012", "case"),
        ("customer", "cus_00012", " cus_00012", "spaces"),
        ("customer", "cus_00012", "prod-cus_00012", "prefix"),
        ("customer", "cus_00012", "cus_00012-prod", "prefix"),
        ("customer", "cus_NffrFeUfNV2Hib", "NffrFeUfNV2Hib", "prefix"),
        ("customer", "cus_NffrFeUfNV2Hib", "cus_NffrFeUfNV2Hjb", "one_edit"),
    ],
)
def test_names_that_are_one(kind: str, name: str, other: str, how: str) -> None:
    """Case, spaces and separators, something before or behind, one letter in a long word."""
    assert alike(name, other, kind) == how


@pytest.mark.parametrize(
    ("kind", "name", "other"),
    [
        ("group_value", "gpt-4", "gpt-5"),
        ("group_value", "gpt-4", "gpt-4-turbo"),
        ("group_value", "us-east-1", "us-east-2"),
        ("group_value", "claude-1.1", "claude-11"),
        ("group_value", "aws/us-east-1", "gcp/us-east-1"),
        ("group_value", "gpt-4-20240613", "gpt-4-20240806"),
        ("meter", "tokens", "input_tokens"),
        ("meter", "tokens_2025", "tokens_2026"),
        ("customer", "cus_00012", "cus_00013"),
        ("customer", "cus_00012", "customer-00013"),
        ("customer", "cus_NffrFeUfNV2Hib", "cus_NffrFeUfNV3Hib"),
        ("customer", "cus_ab", "ab"),
        ("customer", "acme corp", "acme corp 2"),
        ("customer", "cus_00012", "cus_00012-2"),
    ],
)
def test_names_that_are_two(kind: str, name: str, other: str) -> None:
    """Another digit, another model, another direction is another thing."""
    assert alike(name, other, kind) is None


@pytest.mark.parametrize(
    ("kind", "names"), [("group_value", VALUES), ("meter", VALUES), ("customer", CUSTOMERS)]
)
def test_names_that_stand_side_by_side_never_resemble(kind: str, names: tuple[str, ...]) -> None:
    """Of seven thousand pairs of names that differ on purpose, none is taken for one."""
    assert [pair for pair in permutations(names, 2) if alike(*pair, kind)] == []


def test_similarity_is_an_exact_share() -> None:
    """One letter of five differs: 0.8."""
    assert str(similarity("gpt-4", "gpt-5")) == "0.8000"


def test_endless_names_are_left_alone() -> None:
    """A name of more than two hundred characters is compared with nothing."""
    assert list(signatures("x" * 201, "meter")) == []

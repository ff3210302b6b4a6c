"""The suites as asset checks: staging suites block the comparison, parity suites never stop the report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from parity_pipeline.defs.assets import table_key
from parity_pipeline.defs.partitions import as_of
from parity_pipeline.defs.shown import audit_sample, check_metadata
from parity_pipeline.defs.work import RunWork
from parity_pipeline.quality.suites import Suite, SuiteResult

NAME = "suite"


def staging_checks(suites: Sequence[Suite]) -> dg.AssetChecksDefinition:
    """All staging suites in one step, so that a verdict on unfit input names all that is wrong."""
    specs = [dg.AssetCheckSpec(NAME, asset=["audit", suite.name], blocking=True) for suite in suites]

    @dg.multi_asset_check(name="staging_suites", specs=specs)
    def staging(
        context: dg.AssetCheckExecutionContext, work: dg.ResourceParam[RunWork]
    ) -> Iterator[dg.AssetCheckResult]:
        at = as_of(context.partition_key)
        for result in work.check_input(at):
            sample = "" if result.success else audit_sample(work.to_read(at), f"audit.{result.name}")
            shown = {"figures that are not zero": dg.MetadataValue.md(sample)} if sample else {}
            yield _check_result(result, dg.AssetKey(["audit", result.name]), shown)

    return staging


def suite_check(suite: Suite) -> dg.AssetChecksDefinition:
    """One parity suite on its table."""

    @dg.asset_check(
        name=NAME,
        asset=["parity", suite.name],
        additional_deps=[table_key(table) for table in suite.expectations],
    )
    def check(context: dg.AssetCheckExecutionContext, work: dg.ResourceParam[RunWork]) -> dg.AssetCheckResult:
        at = as_of(context.partition_key)
        result = work.judge(at, suite)
        shown = check_metadata(work.to_read(at), suite.name)
        return _check_result(result, dg.AssetKey(["parity", suite.name]), shown)

    return check


def _check_result(result: SuiteResult, asset: dg.AssetKey, shown: Mapping[str, Any]) -> dg.AssetCheckResult:
    """An error where the suite failed; a warning, which decides nothing, above the warning threshold."""
    failed = [f"{each.table} {each.column} {each.expectation}: {each.observed}" for each in result.failed]
    is_warned = result.success and shown.get("warned") is True
    return dg.AssetCheckResult(
        passed=result.success and not is_warned,
        asset_key=asset,
        check_name=NAME,
        severity=dg.AssetCheckSeverity.WARN if is_warned else dg.AssetCheckSeverity.ERROR,
        description="The check passes; its gate ratio is above the warning threshold." if is_warned else None,
        metadata={**({"failed": "; ".join(failed)} if failed else {}), **shown},
    )

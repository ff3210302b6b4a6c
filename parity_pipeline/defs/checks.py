"""The suites as asset checks: staging suites block the comparison, parity suites never stop the report."""

from collections.abc import Iterator, Sequence

import dagster as dg

from parity_pipeline.defs.assets import table_key
from parity_pipeline.defs.partitions import as_of
from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.defs.shown import breach_sample
from parity_pipeline.pipeline import judge
from parity_pipeline.quality.suites import Suite, SuiteResult

NAME = "suite"


def staging_checks(suites: Sequence[Suite]) -> dg.AssetChecksDefinition:
    """All staging suites in one step, so that a verdict on unfit input names all that is wrong."""
    specs = [dg.AssetCheckSpec(NAME, asset=["audit", suite.name], blocking=True) for suite in suites]

    @dg.multi_asset_check(name="staging_suites", specs=specs)
    def staging(
        context: dg.AssetCheckExecutionContext, runs: dg.ResourceParam[PartitionRuns]
    ) -> Iterator[dg.AssetCheckResult]:
        for result in runs.check_input(as_of(context.partition_key)):
            yield _check_result(result, dg.AssetKey(["audit", result.name]))

    return staging


def suite_check(suite: Suite) -> dg.AssetChecksDefinition:
    """One parity suite on its table."""

    @dg.asset_check(
        name=NAME,
        asset=["parity", suite.name],
        additional_deps=[table_key(table) for table in suite.expectations],
    )
    def check(
        context: dg.AssetCheckExecutionContext, runs: dg.ResourceParam[PartitionRuns]
    ) -> dg.AssetCheckResult:
        with runs.work(as_of(context.partition_key)) as connection:
            result = judge(connection, suite, runs.settings())
            sample = breach_sample(connection, suite.name)
        return _check_result(result, dg.AssetKey(["parity", suite.name]), sample)

    return check


def _check_result(result: SuiteResult, asset: dg.AssetKey, sample: str = "") -> dg.AssetCheckResult:
    failed = [f"{each.table} {each.column} {each.expectation}: {each.observed}" for each in result.failed]
    return dg.AssetCheckResult(
        passed=result.success,
        asset_key=asset,
        check_name=NAME,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "failed": "; ".join(failed),
            **({"greatest breaches": dg.MetadataValue.md(sample)} if sample else {}),
        },
    )

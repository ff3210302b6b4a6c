"""report.json: the result for machines, by the public schema. Amounts are decimal strings."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from parity_pipeline.amounts import exact
from parity_pipeline.periods import rfc3339
from parity_pipeline.quality.evidence import Completeness, UnitCycle
from parity_pipeline.report.history_view import change_dict
from parity_pipeline.report.incidents import Incident
from parity_pipeline.report.result import Cause, CheckReport, Exclusion, RunResult, UnitTotal
from parity_pipeline.report.trend import changes_of

SCHEMA_VERSION: Final = 1
MOST_INCIDENTS: Final = 1000


def to_json(result: RunResult) -> str:
    """The whole file."""
    return json.dumps(as_dict(result), indent=2, ensure_ascii=False) + "\n"


def as_dict(result: RunResult) -> dict[str, Any]:
    """The file's content."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": result.run_id,
        "as_of": rfc3339(result.as_of),
        "parallel_run": {"start": rfc3339(result.start), "end": rfc3339(result.as_of)},
        "reconstructed": result.is_reconstructed,
        "verdict": result.verdict.decision,
        "reasons": list(result.verdict.reasons),
        "checks": [_check(each) for each in result.checks],
        "completeness": {
            "complete": result.is_complete,
            "resources": [_resource(each) for each in result.completeness],
        },
        "customers": dict(result.customers),
        "cohorts": [
            {
                "name": each.name,
                "customers_named": each.named,
                "customers_known": each.known,
                "verdict": each.verdict.decision,
                "reasons": list(each.verdict.reasons),
            }
            for each in result.cohorts
        ],
        "exclusions": [_exclusion(each) for each in result.exclusions],
        "causes": [_cause(each) for each in result.causes],
        "effects": [
            {"currency": each.currency, "totals": each.totals, "residual_minor_units": exact(each.residual)}
            for each in result.effects
        ],
        "incidents_in_all": len(result.incidents),
        "incidents": [_incident(each) for each in result.incidents[:MOST_INCIDENTS]],
        "changes": [change_dict(each) for each in changes_of(result)],
        "waivers": [
            {
                "check": each.check,
                "customer": each.customer,
                "subject": each.subject,
                "approved_by": each.approved_by,
                "expires_on": each.expires_on.isoformat(),
                "reason": each.reason,
                "matching_rows": each.matching_rows,
                "status": each.status,
            }
            for each in result.waivers
        ],
        "safety": [
            {
                "account": each.account,
                "cause": each.cause,
                "stripe_customer_id": each.stripe_customer_id,
                "metronome_customer_id": each.metronome_customer_id,
                "subject": each.subject,
                "detail": each.detail,
            }
            for each in result.safety
        ],
    }


def _check(check: CheckReport) -> dict[str, Any]:
    figures = check.figures
    return {
        "name": check.name,
        "status": check.status,
        "rows": figures.rows,
        "matched": figures.matched,
        "within_tolerance": figures.within_tolerance,
        "breaches": figures.breaches,
        "pending": figures.pending,
        "waived": figures.waived,
        "customers": figures.customers,
        "customers_within": figures.customers_within,
        "customer_share": exact(figures.customer_share),
        "totals": [_total(each) for each in check.totals],
        "threshold": exact(figures.variance_ratio),
        "warn": exact(figures.warn_ratio),
        "warned": figures.is_warned,
    }


def _total(total: UnitTotal) -> dict[str, Any]:
    return {
        "account": total.account,
        "unit": total.unit,
        "expected": _optional(total.expected),
        "actual": _optional(total.actual),
        "net_variance": exact(total.net_variance),
        "gross_variance": exact(total.gross_variance),
        "gate_ratio": exact(total.gate_ratio),
        "cycles": [_cycle(each) for each in total.cycles],
    }


def _cycle(cycle: UnitCycle) -> dict[str, Any]:
    return {
        "cycle": f"{cycle.cycle:%Y-%m}",
        "rows": cycle.rows,
        "settled_rows": cycle.settled_rows,
        "expected": _optional(cycle.expected_value),
        "actual": _optional(cycle.actual_value),
        "net_variance": _optional(cycle.net_variance),
        "gross_variance": _optional(cycle.gross_variance),
        "gate_variance": exact(cycle.gate_variance),
        "gate_ratio": exact(cycle.gate_ratio),
        "within": cycle.is_within,
    }


def _resource(each: Completeness) -> dict[str, Any]:
    return {
        "account": each.account,
        "source": each.source,
        "resource": each.resource,
        "requests": each.requests,
        "pages": each.pages,
        "rows": each.rows,
        "watermark": rfc3339(each.watermark) if each.watermark else None,
        "complete": each.complete,
        "note": each.note,
        "reused": each.reused,
        "reused_from": each.reused_from,
        "oldest_read_at": rfc3339(each.oldest_read_at) if each.oldest_read_at else None,
        "put_off_customers": each.put_off,
        "never_read_customers": each.never_read,
        "aged_customers": each.aged,
    }


def _exclusion(each: Exclusion) -> dict[str, Any]:
    return {"reason": each.reason, "count": each.count, "amount": _by_currency(each.amounts)}


def _cause(each: Cause) -> dict[str, Any]:
    return {
        "code": each.code,
        "check": each.check,
        "findings": each.findings,
        "customers": each.customers,
        "explained_minor_units": _by_currency(each.explained),
    }


def _incident(each: Incident) -> dict[str, Any]:
    return {
        "number": each.number,
        "account": each.account,
        "cause": each.cause,
        "scope": each.scope,
        "checks": each.check_names.split(", "),
        "from": _instant(each.first_at),
        "to": _instant(each.last_at),
        "customers": each.customers,
        "findings": each.findings,
        "amount": _by_currency(each.amounts),
        "gross_amount": _by_currency(each.gross),
        "next_step": each.next_step,
    }


def _instant(naive: datetime | None) -> str | None:
    """An instant that the tables hold without an offset; it is UTC."""
    return None if naive is None else rfc3339(naive.replace(tzinfo=UTC))


def _by_currency(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: exact(amount) for currency, amount in amounts.items()}


def _optional(value: Decimal | None) -> str | None:
    return None if value is None else exact(value)

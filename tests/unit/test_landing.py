"""The landing: exact files, equal digests, a manifest that finds every change."""

import gzip
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from parity_pipeline.columns import duckdb_columns
from parity_pipeline.errors import LandingError, UsageError
from parity_pipeline.landing import landed_file, newest_complete, read_manifest
from parity_pipeline.landing_writer import LandingWriter
from parity_pipeline.periods import DAY, Window
from parity_pipeline.sources import metronome_invoice_records as metronome_invoices
from parity_pipeline.sources import metronome_records as metronome
from parity_pipeline.sources import stripe_records as stripe
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.records import Record, Texts, decode
from parity_pipeline.sources.resources import RESOURCES, Resource, metronome_resource, stripe_resource
from parity_pipeline.spool import Spool

WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 3, tzinfo=UTC))
CUSTOMERS = stripe_resource("customers")
SUMMARIES = stripe_resource("meter_event_summaries")


def _writer(folder: Path) -> LandingWriter:
    return LandingWriter(folder, "run-1", WINDOW, now=lambda: datetime(2026, 5, 3, 1, tzinfo=UTC))


def _customer(customer: str) -> stripe.Customer:
    return stripe.Customer(id=customer, created=1)


def _landed(folder: Path, resource: Resource, *records: Record, context: tuple[str, ...] = ()) -> Path:
    writer = _writer(folder)
    writer.append(resource, records, account="default", context=context)
    writer.finish(resource, account="default", watermark=WINDOW.as_of)
    writer.close()
    return landed_file(folder, "default", resource)


def _rows(file: Path, resource: Resource, columns: str = "*") -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(
            f"select {columns} from read_json(?, columns = ?, format = 'newline_delimited', "
            "compression = 'gzip')",
            [str(file), duckdb_columns(resource)],
        ).fetchall()


def test_a_row_is_account_context_and_fields(tmp_path: Path) -> None:
    """A landed row is one JSON object; decimals are text with every digit."""
    value = Decimal("1234567890123456.123456789012")
    summary = stripe.MeterEventSummary(id="m", meter="mtr", start_time=1, end_time=2, aggregated_value=value)
    file = _landed(tmp_path, SUMMARIES, summary, context=("cus_1", "day"))
    assert json.loads(gzip.decompress(file.read_bytes())) == {
        "account": "default",
        "customer_id": "cus_1",
        "value_grouping_window": "day",
        "id": "m",
        "meter": "mtr",
        "start_time": 1,
        "end_time": 2,
        "aggregated_value": "1234567890123456.123456789012",
    }
    ((text, exact),) = _rows(file, SUMMARIES, "aggregated_value, cast(aggregated_value as decimal(38, 12))")
    assert (text, exact) == (str(value), value)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.key)
def test_every_empty_resource_is_an_empty_typed_table(resource: Resource, tmp_path: Path) -> None:
    """No rows still give a table with all columns."""
    writer = _writer(tmp_path)
    writer.finish(resource, account="default", watermark=WINDOW.as_of)
    writer.close()
    file = landed_file(tmp_path, "default", resource)
    assert _rows(file, resource) == []
    names = list(duckdb_columns(resource))
    assert names[: 1 + len(resource.context)] == ["account", *resource.context]


def test_column_types() -> None:
    """Types follow the annotations, through lists and structs."""
    columns = duckdb_columns(stripe_resource("subscription_schedules"))
    assert columns["phases"] == (
        'STRUCT("start_date" BIGINT, "end_date" BIGINT, '
        '"items" STRUCT("price" VARCHAR, "quantity" BIGINT)[])[]'
    )
    products = duckdb_columns(metronome_resource("products"))
    assert products["archived_at"] == "TIMESTAMP"
    assert '"conversion_factor" VARCHAR' in products["initial"]
    assert '"pricing_group_key" VARCHAR[]' in products["updates"]
    assert duckdb_columns(stripe_resource("prices"))["active"] == "BOOLEAN"


def test_a_context_that_repeats_a_field_is_refused() -> None:
    """Two columns of one name cannot be told apart."""
    with pytest.raises(ValueError, match="context repeats"):
        duckdb_columns(Resource("stripe", "x", stripe.Customer, "", context=("currency",)))


class Odd(Record, frozen=True, kw_only=True):
    """A record with a type that nobody taught the landing."""

    value: complex


def test_a_type_that_nobody_taught_is_refused(tmp_path: Path) -> None:
    """Neither an answer is read nor a row written by guess."""
    with pytest.raises(NotImplementedError):
        decode(b'{"value":1}', Odd)
    with pytest.raises(NotImplementedError):
        _landed(tmp_path, Resource("stripe", "odd", Odd, ""), Odd(value=1j))


def test_nested_values_arrive(tmp_path: Path) -> None:
    """Lines, group values and nulls inside an invoice are read back as they were."""
    usd = metronome.CreditType(id="u", name="USD (cents)")
    line = metronome_invoices.LineItem(
        name="calls",
        total=Decimal("0.1"),
        credit_type=usd,
        type="usage",
        pricing_group_values=Texts('{"gpu":"a\\"100"}'),
        starting_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    invoice = metronome_invoices.Invoice(
        id="i",
        customer_id="c",
        type="USAGE",
        status="DRAFT",
        credit_type=usd,
        total=Decimal("1E-7"),
        line_items=[line, line],
    )
    resource = metronome_resource("invoices")
    file = _landed(tmp_path, resource, invoice)
    ((total, lines, value, starts),) = _rows(
        file,
        resource,
        "cast(total as decimal(38, 12)), len(line_items), "
        "json_extract_string(line_items[1].pricing_group_values, '$.gpu'), line_items[2].starting_at",
    )
    assert (total, lines, value, starts) == (Decimal("1E-7"), 2, 'a"100', datetime(2026, 3, 1))


@pytest.mark.parametrize("hours", [2, -5])
def test_times_are_landed_in_utc(hours: int, tmp_path: Path) -> None:
    """DuckDB's JSON reader drops an offset, so the landing writes the instant in UTC."""
    zone = timezone(timedelta(hours=hours))
    bound = datetime(2026, 3, 1, 1, 30, tzinfo=UTC).astimezone(zone)
    update = metronome.ProductState(starting_at=bound)
    product = metronome.Product(id="p", type="USAGE", initial=update, current=update, updates=[update])
    resource = metronome_resource("products")
    file = _landed(tmp_path, resource, product)
    ((first, second),) = _rows(file, resource, "initial.starting_at, updates[1].starting_at")
    assert first == second == datetime(2026, 3, 1, 1, 30)


def test_the_order_of_arrival_does_not_matter(tmp_path: Path) -> None:
    """The same records in another order give the same bytes."""
    one = _landed(tmp_path / "one", CUSTOMERS, _customer("a"), _customer("b"), _customer("c"))
    two = _landed(tmp_path / "two", CUSTOMERS, _customer("c"), _customer("a"), _customer("b"))
    assert one.read_bytes() == two.read_bytes()


def test_what_does_not_fit_the_buffer_is_sorted_all_the_same(tmp_path: Path) -> None:
    """Lines that went through parts on disk are the same file, and the parts are gone."""
    lines = [b"%03d\n" % number for number in range(100)]
    small, large = Spool(tmp_path / "small", buffer_bytes=30), Spool(tmp_path / "large")
    for line in lines[::-1]:
        small.add([line])
    large.add(lines)
    assert small.write() == large.write()
    assert gzip.decompress((tmp_path / "small").read_bytes()) == b"".join(lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large", "small"]


def test_the_manifest(tmp_path: Path) -> None:
    """The manifest holds the run, each file's figures, and the request ledger."""
    writer = _writer(tmp_path)
    writer.append(CUSTOMERS, [_customer("a"), _customer("b")], account="us")
    writer.append(CUSTOMERS, [_customer("c")], account="us", requests=3)
    assert writer.finish(CUSTOMERS, account="us", watermark=WINDOW.as_of, note="seen") == 3
    count = RequestCount("stripe", "GET /v1/customers", 4, 1, 1, 99, Decimal("0.5"))
    writer.close(requests=[count])
    manifest = read_manifest(tmp_path)
    (landed,) = manifest.resources
    assert (manifest.run_id, manifest.window, manifest.as_of) == ("run-1", WINDOW, WINDOW.as_of)
    assert (manifest.accounts, manifest.complete, manifest.error) == (("us",), True, None)
    assert manifest.requests == (count,)
    assert (landed.requests, landed.pages, landed.rows, landed.note) == (4, 2, 3, "seen")
    assert (landed.complete, landed.watermark) == (True, WINDOW.as_of)
    raw = json.loads((tmp_path / "manifest.json").read_bytes())
    assert raw["resources"][0]["watermark"] == "2026-05-03T00:00:00Z"


def test_what_was_not_finished_is_incomplete(tmp_path: Path) -> None:
    """A pull that broke off keeps its pages and says so."""
    writer = _writer(tmp_path)
    writer.append(CUSTOMERS, [_customer("a")], account="default")
    writer.close(error="stripe GET /v1/customers: refused")
    writer.close()
    manifest = read_manifest(tmp_path)
    assert (manifest.complete, manifest.error) == (False, "stripe GET /v1/customers: refused")
    assert (manifest.resources[0].complete, manifest.resources[0].rows) == (False, 1)


def test_a_sealed_resource_takes_no_more(tmp_path: Path) -> None:
    """A page after the end is a fault of ours, not a silent overwrite."""
    writer = _writer(tmp_path)
    writer.finish(CUSTOMERS, account="default", watermark=WINDOW.as_of)
    with pytest.raises(LandingError, match="sealed already"):
        writer.append(CUSTOMERS, [], account="default")


def test_an_altered_file_is_found(tmp_path: Path) -> None:
    """A changed byte is named by its file."""
    file = _landed(tmp_path, CUSTOMERS, _customer("a"))
    file.write_bytes(gzip.compress(b"{}"))
    with pytest.raises(LandingError, match=r"stripe/customers\.jsonl\.gz was altered"):
        read_manifest(tmp_path)


def test_a_missing_file_is_found(tmp_path: Path) -> None:
    """A deleted file is named."""
    _landed(tmp_path, CUSTOMERS, _customer("a")).unlink()
    with pytest.raises(LandingError, match=r"stripe/customers\.jsonl\.gz is missing"):
        read_manifest(tmp_path)


def test_no_manifest(tmp_path: Path) -> None:
    """A folder without a manifest is no landing."""
    with pytest.raises(LandingError, match=r"manifest\.json"):
        read_manifest(tmp_path)


def test_a_broken_manifest(tmp_path: Path) -> None:
    """A manifest of another shape is one line."""
    (tmp_path / "manifest.json").write_bytes(b'{"run_id": 1}')
    with pytest.raises(LandingError, match="is not a manifest"):
        read_manifest(tmp_path)


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder below a file cannot be made; that is a matter of configuration."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot write to"):
        _writer(tmp_path / "file" / "run")


def test_an_account_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A place that is taken by a file is one line."""
    writer = _writer(tmp_path)
    (tmp_path / "default").write_bytes(b"")
    with pytest.raises(LandingError, match="cannot write to"):
        writer.append(CUSTOMERS, [], account="default")


@pytest.mark.parametrize("account", ["", "..", "a/b", "a b"])
def test_account_names_that_are_no_folder(account: str, tmp_path: Path) -> None:
    """An account's name cannot lead out of the landing."""
    with pytest.raises(UsageError, match="account name"):
        landed_file(tmp_path, account, CUSTOMERS)


def test_the_landing_of_the_latest_day_answers(tmp_path: Path) -> None:
    """Not the one that was read last, if that was of a past day; of one day the newest; never a later day's.

    Unless there is nothing else: what is known for good is so on any day.
    """
    days = {"c_past": 1, "b_again": 3, "a_first": 3}  # the newest first
    for name, day in days.items():
        window = Window(WINDOW.start, WINDOW.start + day * DAY)
        LandingWriter(tmp_path / name, name, window).close()
    folders = [tmp_path / name for name in days]

    def found(day: int) -> str:
        newest = newest_complete(folders, (), as_of=WINDOW.start + day * DAY)
        assert newest is not None
        return newest[1].run_id

    assert [found(day) for day in (4, 3, 2, 1)] == ["b_again", "b_again", "c_past", "c_past"]
    assert newest_complete(folders[1:], (), as_of=WINDOW.start + 2 * DAY) is not None
    assert newest_complete(folders, ("other",), as_of=WINDOW.as_of) is None

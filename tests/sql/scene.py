"""A small world for one test: vendor objects in, rows of the models out.

Objects go the way of a real run: decoded by the records, landed, loaded, then the models that a table needs.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import metronome_objects as metronome
import msgspec
import stripe_objects as stripe

from parity_pipeline import warehouse
from parity_pipeline.control import control_tables
from parity_pipeline.landing import read_manifest
from parity_pipeline.landing_writer import LandingWriter
from parity_pipeline.mapping_files import CustomerLink, Links, MeterRow, PriceLink, Waiver
from parity_pipeline.models import SqlModel, load_models
from parity_pipeline.periods import Window
from parity_pipeline.raw_tables import load_raw
from parity_pipeline.run_request import RunRequest
from parity_pipeline.settings import load_settings
from parity_pipeline.sources.answered import PutOff
from parity_pipeline.sources.records import decode
from parity_pipeline.sources.resources import RESOURCES

Json = dict[str, Any]
MODELS = {model.key: model for model in load_models()}
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_BY_KEY = {resource.key: resource for resource in RESOURCES}


class Scene:
    """What both vendors say and what the settings say; `rows` builds what it is asked for."""

    def __init__(
        self, folder: Path, *, as_of: str = "2026-11-10", start: str = "2026-09-01", config: str = ""
    ) -> None:
        self._folder = folder
        self._config = folder / "parity.toml"
        self._config.write_text(config, encoding="utf-8")
        self._window = Window(_instant(start), _instant(as_of))
        self._objects: dict[tuple[str, str, tuple[str, ...]], list[Json]] = {}
        self._built: set[str] = set()
        self._close = ExitStack()
        self._connection: warehouse.Connection | None = None
        self._put_off: list[PutOff] = []
        self._invoices = 0
        self.account = "default"
        """The account that what is said next is about."""
        self.environment = {"STRIPE_API_KEY": "rk_test_x", "METRONOME_BEARER_TOKEN": "x"}
        self.links = Links()

    # What the settings say

    def setting(self, **values: object) -> None:
        """Settings by section and key: `parallel_run__scope="all"`."""
        for key, value in values.items():
            self.environment[f"PARITY_{key.upper()}"] = str(value)

    def link_customers(self, *pairs: tuple[str, str]) -> None:
        """Lines of customers.csv."""
        rows = tuple(CustomerLink(self.account, stripe_id, metronome_id) for stripe_id, metronome_id in pairs)
        self.links = replace(self.links, customers=self.links.customers + rows)

    def link_meter(self, event_name: str, metric_id: str, group_values: str = "{}") -> None:
        """A line of meters.csv."""
        row = MeterRow(event_name, metric_id, group_values)
        self.links = replace(self.links, meters=(*self.links.meters, row))

    def link_price(self, price_id: str, product_id: str, group_values: str = "{}") -> None:
        """A line of prices.csv."""
        row = PriceLink(price_id, product_id, group_values)
        self.links = replace(self.links, prices=(*self.links.prices, row))

    def waive(self, check: str, **changes: Any) -> None:
        """A line of the waivers file: any customer, any subject, until the end of the year."""
        waiver = Waiver(check, "", "", "agreed", "cfo", date(2026, 12, 31), None)
        waiver = replace(waiver, **changes)
        self.links = replace(self.links, waivers=(*self.links.waivers, waiver))

    # What the vendors say

    def add(self, key: str, *objects: Json, context: tuple[str, ...] = ()) -> None:
        """Objects of one resource: `stripe/invoices`."""
        self._objects.setdefault((self.account, key, context), []).extend(objects)

    def stripe_catalogue(self, name: str = "tokens", *, formula: str = "sum") -> None:
        """A meter with its price."""
        self.add("stripe/meters", stripe.meter(name, formula=formula))
        self.add("stripe/prices", stripe.price(name, meter=name))

    def catalogue(self, name: str = "tokens", *, formula: str = "sum", aggregation: str = "SUM") -> None:
        """A meter with its price, and the metric and product that correspond to it."""
        self.stripe_catalogue(name, formula=formula)
        self.add("metronome/billable_metrics", metronome.metric(name, aggregation=aggregation))
        self.add("metronome/products", metronome.product(name, metric=name))

    def customer(
        self,
        name: str,
        *,
        rates: tuple[Json, ...] = (metronome.rate("tokens"),),
        metadata: Json | None = None,
    ) -> None:
        """A customer on both sides: `cus_<name>` with a metered subscription, `m_<name>` with a contract."""
        self.stripe_customer(name, metadata=metadata)
        self.metronome_customer(name, stripe_id=f"cus_{name}")
        self.add("metronome/contracts", metronome.contract(name))
        self.rates(name, *rates)

    def stripe_customer(
        self,
        name: str,
        *,
        status: str | None = "active",
        metadata: Json | None = None,
        **changes: object,
    ) -> None:
        """`cus_<name>`, with a metered subscription in that status, if any."""
        customer = {"id": f"cus_{name}", "created": stripe.unix("2026-01-01"), "metadata": metadata or {}}
        self.add("stripe/customers", customer)
        if status:
            price = stripe.price("tokens", meter="tokens")
            self.add("stripe/subscriptions", stripe.subscription(name, price, status=status, **changes))

    def metronome_customer(self, name: str, *, stripe_id: str | None = None, **changes: object) -> None:
        """`m_<name>`, whose custom field names a Stripe customer."""
        fields = {"stripe_customer_id": stripe_id} if stripe_id else {}
        self.add("metronome/customers", {"id": f"m_{name}", "custom_fields": fields, **changes})

    def configuration(self, name: str, stripe_id: str, account_id: str | None = None, **changes: Any) -> None:
        """The billing provider configuration of `m_<name>`, in force unless changed."""
        delivery = {"stripe_account_id": account_id} if account_id else None
        configuration = {
            "id": f"bpc_{name}",
            "billing_provider": "stripe",
            "configuration": {"stripe_customer_id": stripe_id},
            "delivery_method_configuration": delivery,
            **changes,
        }
        self.add("metronome/billing_configurations", configuration, context=(f"m_{name}",))

    def rates(self, name: str, *rates: Json, contract: str = "") -> None:
        """Rates in force for a customer's contract."""
        context = (f"m_{name}", f"con_{name}{contract}", "2026-09-01T00:00:00Z")
        self.add("metronome/contract_rates", *rates, context=context)

    def stripe_invoice(self, name: str, *lines: Json, **changes: Any) -> str:
        """A cycle invoice of the customer with these lines; returns its id."""
        self._invoices += 1
        invoice_id = str(changes.pop("id", f"in_{self._invoices}"))
        self.add("stripe/invoices", stripe.invoice(invoice_id, name, *lines, **changes))
        named = [{"id": f"il_{invoice_id}_{number}", **each} for number, each in enumerate(lines)]
        self.add("stripe/invoice_lines", *named, context=(invoice_id,))
        return invoice_id

    def metronome_invoice(self, name: str, *lines: Json, **changes: Any) -> str:
        """A finalized usage invoice of the customer with these lines; returns its id."""
        self._invoices += 1
        invoice_id = str(changes.pop("id", f"inv_{self._invoices}"))
        self.add("metronome/invoices", metronome.invoice(invoice_id, name, *lines, **changes))
        return invoice_id

    def billed(self, name: str, expected: int | None, actual: int | str | None, **changes: Any) -> None:
        """One line on each side's invoice, as many tokens as cents; None for no invoice on that side."""
        if expected is not None:
            period = changes.get("period", stripe.OCTOBER)
            self.stripe_invoice(name, stripe.line(expected, expected, period=period), **changes)
        if actual is not None:
            self.metronome_invoice(name, metronome.usage_line(actual, actual), **changes)

    def metered(
        self,
        name: str,
        expected: str | None,
        actual: str | None,
        *,
        day: str = "2026-10-05",
        meter: str = "tokens",
    ) -> None:
        """One day's usage on each side; None for a side that says nothing."""
        after = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        if expected is not None:
            bucket = stripe.summary(meter, expected, day, after)
            self.add("stripe/meter_event_summaries", bucket, context=(f"cus_{name}", "day"))
        if actual is not None:
            self.add("metronome/usage", metronome.usage(name, meter, actual, day, after), context=("day",))

    def grouped(
        self, name: str, value: str, group: Json | None, *, asked: str = '["model"]', day: str = "2026-10-05"
    ) -> None:
        """One day's usage of the tokens metric with these group values."""
        after = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        row = {
            "starting_on": metronome.rfc(day),
            "ending_before": metronome.rfc(after),
            "group": group,
            "value": value,
        }
        self.add("metronome/usage_groups", row, context=(f"m_{name}", "bm_tokens", "day", asked))

    def put_off(self, name: str, known_until: str | None, *, read_at: str | None = None) -> None:
        """`cus_<name>` was not asked, two hours after as_of; known up to a day, read two hours after it."""
        until = _instant(known_until) if known_until else None
        read = _instant(read_at) if read_at else until and until + timedelta(hours=2)
        now = self._window.as_of + timedelta(hours=2)
        self._put_off.append(PutOff(self.account, f"cus_{name}", now, until, read))

    # What the models say

    def rows(self, table: str, order: str = "all") -> list[Json]:
        """All rows of a model's table; nothing may be added after the first call."""
        connection = self._connection or self._load()
        for model in _closure(table):
            if model.key not in self._built:
                warehouse.build(connection, replace(model, columns={}))  # comments cost half the time
                self._built.add(model.key)
        return warehouse.rows(connection, f"select * from {table} order by {order}")

    def told(self, table: str, *columns: str, **wanted: object) -> list[tuple[object, ...]]:
        """These columns of the rows in which the wanted columns have the wanted values, in order."""
        found = [row for row in self.rows(table) if all(row[key] == value for key, value in wanted.items())]
        return [tuple(row[column] for column in columns) for row in found]

    def close(self) -> None:
        """Close the database."""
        self._close.close()

    def _load(self) -> warehouse.Connection:
        settings = load_settings(self.environment, config=self._config, home=self._folder)
        landed_as = {
            "stripe": {each.name: each.name for each in settings.accounts},
            "metronome": {each.name: each.environment for each in settings.accounts},
        }
        writer = LandingWriter(self._folder, "run_1", self._window)
        kept = {each.metadata_key for each in self.links.cohorts if each.metadata_key}
        for (account, key, context), objects in self._objects.items():
            resource = _BY_KEY[key]
            records = [decode(_ENCODER.encode(each), resource.record, metadata_keys=kept) for each in objects]
            name = landed_as[resource.source][account]
            writer.append(resource, records, account=name, context=context)
        for each in self._put_off:
            writer.put_off(_BY_KEY["stripe/meter_event_summaries"], each)
        for resource in RESOURCES:
            for name in dict.fromkeys(landed_as[resource.source].values()):
                writer.finish(resource, account=name, watermark=self._window.as_of)
        writer.close()
        manifest = read_manifest(self._folder)
        connection = self._close.enter_context(warehouse.connect(":memory:"))
        connection.execute("set threads = 1")  # the rows are few
        request = RunRequest("run_1", self._window)
        warehouse.load_control(connection, control_tables(settings, request, self.links, manifest))
        load_raw(connection, self._folder, manifest.accounts)
        self._connection = connection
        return connection


def _closure(table: str) -> Iterator[SqlModel]:
    wanted = {table}
    for key in reversed(MODELS):  # every reader comes before what it reads
        if key in wanted:
            wanted |= set(MODELS[key].upstream) & MODELS.keys()
    return (model for key, model in MODELS.items() if key in wanted)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)

"""The charts of the page, drawn by Altair as SVG when a run is published; the page runs no chart code.

Colours are stand-ins that the page's style sheet replaces, so that one drawing serves light, dark and print.
Floats say where a bar or a point lies, no more; every amount that is written on a chart is an exact decimal.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from parity_pipeline import amounts
from parity_pipeline.history import DayRecord
from parity_pipeline.report.page import Distribution, Waterfall
from parity_pipeline.report.words import CHECK_TITLES, effect_title

if TYPE_CHECKING:
    import altair as alt

TEXT, LINE, TOTAL, UP, DOWN, GATE = "#010101", "#020202", "#030303", "#040404", "#050505", "#060606"
"""Stand-ins; templates/report.css says what each looks like."""

_NAMESPACES: Final = re.compile(r' xmlns(:\w+)?="[^"]*"')
_WIDTH: Final = 640
_MOST_DAYS: Final = 60
_VISIBLE: Final = Decimal("0.001")
"""The share of Stripe's total from which a step is worth a bar of its own."""


def waterfall_chart(waterfall: Waterfall) -> str:
    """Bars from Stripe's total over the effects to Metronome's total, in whole units of the currency.

    The scale shows the part in which something happens, so its foot is not zero.
    """
    import altair as alt

    bars = _waterfall_bars(waterfall)
    order = [bar["name"] for bar in bars]
    base = alt.Chart(alt.InlineData(values=bars)).encode(
        y=alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=220))
    )
    lowest, highest = _span(waterfall)
    drawn = base.mark_bar(height=16).encode(
        x=alt.X(
            "from:Q",
            title=None,
            scale=alt.Scale(domain=[lowest, highest], nice=False, zero=False),
            axis=alt.Axis(tickCount=4, labelOverlap=True),
        ),
        x2="to:Q",
        color=alt.Color("colour:N", scale=None),
    )
    told = base.mark_text(align="left", dx=6, color=TEXT).encode(x="end:Q", text="label:N")
    return _svg((drawn + told).properties(width=_WIDTH - 200, height=26 * len(bars)))


def distribution_chart(distribution: Distribution) -> str:
    """How many customers lie how far off, and the gate. A root scale keeps few beside many visible."""
    import altair as alt

    values = [
        {
            "from": place + 0.05,
            "to": place + 0.95,
            "count": count,
            "colour": TOTAL if distribution.is_within(place) else DOWN,
        }
        for place, count in enumerate(distribution.counts)
    ]
    labels = [amounts.percent(edge).replace(" ", "") for edge in distribution.edges]
    names = ", ".join(f"'{label}'" for label in labels)
    x = alt.X(
        "from:Q",
        title="difference of a customer's invoices, Metronome beside Stripe",
        scale=alt.Scale(domain=[0, len(values)], nice=False),
        axis=alt.Axis(
            values=list(range(1, len(values))),
            labelExpr=f"[{names}][datum.value - 1]",
            labelAngle=-45,
            grid=False,
        ),
    )
    base = alt.Chart(alt.InlineData(values=values))
    height = alt.Y(
        "count:Q", title="customers", scale=alt.Scale(type="sqrt"), axis=alt.Axis(tickCount=4, format="d")
    )
    drawn = base.mark_rect().encode(
        x=x, x2="to:Q", y=height, y2=alt.datum(0), color=alt.Color("colour:N", scale=None)
    )
    told = (
        base.transform_calculate(middle="datum.from + 0.45")
        .transform_filter("datum.count > 0")
        .mark_text(dy=-6, color=TEXT)
        .encode(x="middle:Q", y="count:Q", text=alt.Text("count:Q", format=",d"))
    )
    gates = alt.Chart(alt.InlineData(values=[{"at": place} for place in distribution.gate_places]))
    rules = gates.mark_rule(color=GATE, strokeDash=[5, 4], strokeWidth=2).encode(x="at:Q")
    return _svg((drawn + told + rules).properties(width=_WIDTH - 60, height=200))


def trend_chart(days: Sequence[DayRecord], limits: dict[str, Decimal]) -> str:
    """The gate ratio of each check by day in percent, each on its own scale, with its limit."""
    import altair as alt

    days = days[-_MOST_DAYS:]
    panels = [_trend_panel(days, check, limits.get(check)) for check in CHECK_TITLES]
    rows = [alt.hconcat(*panels[start : start + 3], spacing=30) for start in (0, 3)]
    return _svg(alt.vconcat(*rows, spacing=14))


def _trend_panel(days: Sequence[DayRecord], check: str, limit: Decimal | None) -> Any:  # noqa: ANN401  # a chart, or one in layers; Altair types both as anything
    import altair as alt

    values = [
        {"day": day.day.isoformat(), "percent": float(Decimal(day.checks[check].gate_ratio) * 100)}
        for day in days
        if check in day.checks
    ]
    base = alt.Chart(alt.InlineData(values=values), title=CHECK_TITLES[check])
    axis = alt.Axis(labelAngle=-45, labelOverlap=True, labelExpr="slice(datum.value, 5)", grid=False)
    y = alt.Y("percent:Q", title="%", axis=alt.Axis(tickCount=3))
    drawn = base.mark_line(color=TOTAL, point=alt.OverlayMarkDef(color=TOTAL, size=18)).encode(
        x=alt.X("day:O", title=None, axis=axis), y=y
    )
    if limit is None:
        return drawn.properties(width=230, height=90)
    rule = alt.Chart(alt.InlineData(values=[{"percent": float(limit * 100)}]))
    gate = rule.mark_rule(color=GATE, strokeDash=[4, 3]).encode(y="percent:Q")
    return (drawn + gate).properties(width=230, height=90)


def steps_of(waterfall: Waterfall) -> list[tuple[str, Decimal]]:
    """A step for each effect; two where much of it would cancel out unseen."""
    steps = []
    for each in waterfall.effects:
        title = effect_title(each.name)
        if min(each.raised, -each.lowered) >= abs(waterfall.stripe) * _VISIBLE:
            steps += [(f"{title}, more", each.raised), (f"{title}, less", each.lowered)]
        else:
            steps.append((title, each.net))
    return steps


def _waterfall_bars(waterfall: Waterfall) -> list[dict[str, Any]]:
    foot, _ = _span(waterfall)
    unit, scale = waterfall.currency, float(waterfall.minor_units)
    bars: list[dict[str, Any]] = []

    def add(name: str, start: float, end: float, *, colour: str, label: str) -> None:
        bars.append(
            {"name": name, "from": start, "to": end, "end": max(start, end), "colour": colour, "label": label}
        )

    add(
        "Stripe",
        foot,
        float(waterfall.stripe) / scale,
        colour=TOTAL,
        label=amounts.amount(unit, waterfall.stripe),
    )
    reached = waterfall.stripe
    for name, amount in steps_of(waterfall):
        add(
            name,
            float(reached) / scale,
            float(reached + amount) / scale,
            colour=UP if amount > 0 else DOWN,
            label=amounts.signed(unit, amount),
        )
        reached += amount
    label = amounts.amount(unit, waterfall.metronome)
    add("Metronome", foot, float(waterfall.metronome) / scale, colour=TOTAL, label=label)
    return bars


def _span(waterfall: Waterfall) -> tuple[float, float]:
    """The part of the scale that is shown: what the steps reach, with room for the labels."""
    reached, points = waterfall.stripe, [waterfall.stripe, waterfall.metronome]
    for _, amount in steps_of(waterfall):
        reached += amount
        points.append(reached)
    scale = float(waterfall.minor_units)
    low, high = float(min(points)) / scale, float(max(points)) / scale
    room = max(high - low, abs(high) * 0.02, 1.0)
    return (max(0.0, low - room) if low >= 0 else low - room), high + room * 0.9


def _svg(chart: "alt.TopLevelMixin") -> str:
    """The drawing without names of namespaces, which a page does not need."""
    import vl_convert

    config = {
        "background": "transparent",
        "padding": {"left": 24, "right": 12, "top": 5, "bottom": 5},  # the reader's letters may be wider
        "font": "sans-serif",
        "view": {"stroke": None},
        "axis": {
            "labelColor": TEXT,
            "titleColor": TEXT,
            "domainColor": LINE,
            "tickColor": LINE,
            "gridColor": LINE,
            "titleFontWeight": "normal",
            "labelFontSize": 12,
            "titleFontSize": 12,
        },
        "text": {"fontSize": 12},
        "title": {"color": TEXT, "fontSize": 12, "anchor": "start", "fontWeight": "normal"},
    }
    spec = {**chart.to_dict(validate=False), "config": config}
    return _NAMESPACES.sub("", vl_convert.vegalite_to_svg(spec))

"""Currencies and how many minor units one unit has, by Stripe's rules.

Nothing here converts or rounds an amount: the models do that, with these factors as data.
"""

from typing import Final

_ZERO_DECIMAL = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THREE_DECIMAL = "bhd jod kwd omr tnd"
# ISK and UGX have no decimals, but Stripe sends them times a hundred for compatibility.
_TWO_DECIMAL = (
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf "
    "cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils "
    "inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn "
    "nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd "
    "std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd xcg yer zar zmw"
)

MINOR_UNITS_PER_UNIT: Final[dict[str, int]] = {
    **dict.fromkeys(_ZERO_DECIMAL.split(), 1),
    **dict.fromkeys(_TWO_DECIMAL.split(), 100),
    **dict.fromkeys(_THREE_DECIMAL.split(), 1000),
}
"""Lower-case ISO code to minor units in one unit: 100 cents, 1 yen, 1000 fils.

Source: Stripe's list of zero-decimal, three-decimal and special-case currencies.
"""

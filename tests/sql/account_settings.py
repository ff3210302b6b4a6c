"""Settings of two Stripe accounts, us and eu, for the tests of several accounts."""

from collections.abc import Callable

from scene import Scene

Make = Callable[[str], Scene]
SHARED = '[accounts.us]\nstripe_account_id = "acct_us"\n[accounts.eu]\nstripe_context = "acct_eu"\n'
"""They share an environment, and both know their own id."""
UNKNOWN = SHARED.replace('stripe_account_id = "acct_us"', "").replace("acct_eu", "org_1/eu")
"""They share an environment, and nobody says their ids."""
APART = SHARED + 'metronome_bearer_token_env = "OTHER_TOKEN"\n'
"""Each has an environment of its own."""

"""Analytics, on three wires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pinatakit import Pinata
from pinatakit.client.analytics import Analytics


def test_what_was_read_is_counted(play, wire):
    async def body(pinata):
        cid = (await Pinata.upload(pinata, f"read by {wire}".encode())).cid
        for _ in range(2):
            assert [piece async for piece in Pinata.read(pinata, cid)]
        today = datetime.now(UTC).date()
        span = {"start": today - timedelta(days=1), "end": today, "cid": cid}
        domain = pinata.settings.gateway_url
        (use,) = await Analytics.top(pinata.analytics, domain, "cid", **span)
        assert (use.value, use.requests) == (str(cid), 2)
        series = await Analytics.time_series(pinata.analytics, domain, **span)
        assert (series.total_requests, series.total_bandwidth) == (2, use.bandwidth)
        assert use.bandwidth > 2 * len(f"read by {wire}")

    play(body)

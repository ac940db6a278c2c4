"""What the line of a working command says."""

from openqa.cli.progress import Count, duration, progress


def test_a_build_tells_rate_and_time_left() -> None:
    """What there will be is told from the share of the input; while nothing is done yet, that share itself."""
    share = 0.1
    count = Count("building x", "passages", share=lambda: share)
    assert count.text(0.0) == "building x: 0 passages, 10% of the input read"
    count.read(5_000)
    assert count.text(1.0) == "building x: 5,000 passages read, 10% of the input"
    count(2_000)
    assert count.text(10.0) == "building x: 2,000 of about 50,000 passages, 200/s, 4:00 left"
    share = 1.0
    count.read(40_123)
    count(40_123)
    assert count.text(20.0) == "building x: 40,123 of about 40,000 passages, 2,006/s"


def test_the_rate_is_that_of_the_last_minute() -> None:
    """A slow start is forgotten; a pause is not, from the last step but one on."""
    count = Count("building x", "passages", total=100_000)
    count.text(0.0)
    for second in range(100, 200, 10):
        count(1_000 * (second - 100))
        line = count.text(float(second))
    assert line == "building x: 90,000 of 100,000 passages, 1,000/s, 10 s left"
    assert count.text(270.0) == "building x: 90,000 of 100,000 passages, 111/s, 1:30 left"


def test_an_add_tells_no_time_left() -> None:
    """Much of what is read may be there already, so the share says nothing of what will be written."""
    count = Count("adding to x", "passages", share=lambda: 0.25, is_all_new=False)
    count.text(0.0)
    count.read(1_000)
    count(500)
    assert count.text(10.0) == "adding to x: 500 passages, 50/s, 25% of the input read"


def test_a_total_may_come_later() -> None:
    """With a count of bytes; what has no unit is a label only."""
    count = Count("copying x", "bytes")
    count(10, 40)
    assert count.text(0.0) == "copying x: 10 of 40 bytes"
    assert Count("merging x").text(5.0) == "merging x"


def test_nothing_is_shown_where_nobody_looks() -> None:
    """Standard error is no terminal here."""
    with progress(Count("merging x")) as count:
        count(3)
    assert count.n_done == 3


def test_times_as_people_read_them() -> None:
    """Seconds, minutes, hours."""
    assert [duration(s) for s in (0.4, 59.4, 60, 249, 3_900)] == ["0 s", "59 s", "1:00", "4:09", "1:05:00"]

"""What all rivals share: columns of the data set, clocks, lines of JSON, sums that must agree."""

import json
import os
import resource
import sys
import time

# A question that takes longer than this is asked once, without a warm-up.
SLOW_SECONDS = 10
SLOWEST_COUNT = 20


def print_measure(name, unit, values):
    """Prints a measurement, in the shape that Kronicler's own have."""
    print(json.dumps({"name": name, "unit": unit, "values": values}), flush=True)


def columns(settings):
    """Function ids, ends and durations as NumPy arrays, all or the first of them."""
    import numpy

    def read(name, kind):
        path = os.path.join(settings.columns, name)
        return numpy.fromfile(path, kind, count=settings.rows or -1)

    return read("names.u16", "<u2"), read("ends.i64", "<i8"), read("durations.u64", "<u8")


def sorted_by_function(names, ends, durations):
    """The rows of each function together, in the order of their ends: what compresses best."""
    import numpy

    order = numpy.argsort(names, kind="stable")
    return names[order], ends[order], durations[order]


def written_bytes():
    """Bytes handed to writing system calls so far; nothing where the system does not tell."""
    try:
        with open("/proc/self/io", encoding="ascii") as lines:
            return int(next(line for line in lines if line.startswith("wchar:")).split()[1])
    except OSError:
        return None


def measure_load(row_count, load):
    """Runs what stores all rows, durably, and prints how fast it was."""
    written = written_bytes()
    wall, cpu = time.perf_counter(), time.process_time()
    load()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print_measure("load", "rows/s", [row_count / wall])
    print_measure("load by CPU", "rows/s", [row_count / cpu])
    if written is not None:
        print_measure("written", "bytes a row", [(written_bytes() - written) / row_count])


def measure_time(name, repeat, ask):
    """Asks once to warm up, then as often as told; prints milliseconds, returns the answer."""
    begin = time.perf_counter()
    answer = ask()
    first = time.perf_counter() - begin
    values = []
    while first <= SLOW_SECONDS and len(values) < repeat:
        begin = time.perf_counter()
        answer = ask()
        values.append(1e3 * (time.perf_counter() - begin))
    print_measure(name, "ms", values or [1e3 * first])
    return answer


def print_answers(statistics, percentiles, slowest):
    """Sums that must agree with those of Kronicler's `query`.

    `statistics`: function, count, mean, max; `percentiles`: function, median, 99th percentile;
    `slowest`: function, end, duration.
    """
    if len(slowest) != SLOWEST_COUNT:
        sys.exit(f"{len(slowest)} slowest rows instead of {SLOWEST_COUNT}")
    values = [
        sum(int(row[1]) for row in statistics),
        sum(float(row[2]) for row in statistics),
        sum(int(row[1]) for row in percentiles),
        sum(int(row[2]) for row in percentiles),
        sum(int(row[2]) for row in slowest),
    ]
    print_measure("answers", "", values)


def print_memory():
    """The most memory that was resident so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print_measure("memory", "MB", [unit * peak / 1e6])

"""What all rivals share: columns of the data set, clocks, lines of JSON, answers."""

import json
import os
import resource
import sys
import time

# A question that takes longer than this is asked once, without a warm-up.
SLOW_SECONDS = 5
# What takes less is asked more often than told, as Kronicler's own program does.
SPENT_SECONDS_MIN = 0.1
RUN_COUNT_MAX = 200
SLOWEST_COUNT = 20
# Columns of a heatmap. Its bins are 1.5 to an octave, 60 up to 2^40 ns.
PERIOD_COUNT = 200


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
    """Asks once to warm up, then as often as told, more often what takes little; prints
    milliseconds. What `ask` returns is taken for the milliseconds if the engine's own clock says
    less than ours, which also counts what Python does.
    """
    begin = time.perf_counter()
    own = ask()
    first = 1e3 * (time.perf_counter() - begin)
    if first > 1e3 * SLOW_SECONDS:
        print_measure(name, "ms", [min(first, own or first)])
        return
    values = []
    began = time.perf_counter()
    while len(values) < repeat or (
        time.perf_counter() - began < SPENT_SECONDS_MIN and len(values) < RUN_COUNT_MAX
    ):
        begin = time.perf_counter()
        own = ask()
        took = 1e3 * (time.perf_counter() - begin)
        values.append(min(took, own or took))
    print_measure(name, "ms", values)


def print_answer(name, rows):
    """An answer as one line of numbers: by function, the slowest rows first, then by end; of a
    heatmap the calls of each column.
    """
    if name == "heatmap moved":
        return
    if name == "heatmap":
        print_periods(rows)
        return
    rows = sorted(rows, key=lambda row: (-int(row[2]), row[1]) if name == "slowest" else row)
    print_measure(f"answer {name}", "", [float(value) for row in rows for value in row])


def print_periods(rows):
    """The calls of each column of a heatmap, of rows with column, bin and calls."""
    calls = [0] * PERIOD_COUNT
    for period, _, count in rows:
        calls[int(period)] += int(count)
    print_measure("answer heatmap", "", calls)


def heatmap_places(settings):
    """What the heatmap is asked for: all rows, and a twentieth further on."""
    begin, width = settings.begin, settings.width
    of = lambda begin: {"begin": begin, "finish": begin + PERIOD_COUNT * width, "width": width}
    return {"heatmap": of(begin), "heatmap moved": of(begin + 10 * width)}


def print_memory():
    """The most memory that was resident so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print_measure("memory", "MB", [unit * peak / 1e6])

"""NumPy on the bare columns: what the right answers are."""

import numpy

from measuring import PERIOD_COUNT, SLOWEST_COUNT, columns, print_answer, print_measure

VERSION = numpy.__version__


def statistics(durations):
    """Count, mean, deviation; the sum is taken in whole numbers."""
    count = len(durations)
    spread = numpy.std(durations.astype(numpy.float64), ddof=1)
    return count, int(durations.sum(dtype=numpy.uint64)) / count, spread


def nearest_rank(durations, percent):
    rank = -(-len(durations) * percent // 100)
    return numpy.partition(durations, rank - 1)[rank - 1]


def query(settings):
    names, ends, durations = columns(settings)
    functions = [(name, durations[names == name]) for name in numpy.unique(names)]
    told = [(name, *statistics(own)) for name, own in functions]
    print_answer("statistics", [(*row, row[3] / row[1] ** 0.5) for row in told])
    percentiles = [(name, *(nearest_rank(own, q) for q in (50, 99))) for name, own in functions]
    print_answer("percentiles", percentiles)
    # Among equals the earlier row.
    slowest = numpy.lexsort((numpy.arange(len(ends)), -durations.astype(numpy.int64)))
    slowest = slowest[:SLOWEST_COUNT]
    print_answer("slowest", zip(names[slowest], ends[slowest], durations[slowest]))
    wanted = (names == 0) & (ends >= settings.since) & (ends < settings.until)
    own = durations[wanted]
    print_answer("range", [(*statistics(own), own.min(), own.max())])
    print_heatmap(settings, ends, durations)


def print_heatmap(settings, ends, durations):
    """The calls of each column, and those of each cell between the edges that were given."""
    edges = numpy.array(settings.edges.split(","), dtype=numpy.uint64)
    bin_count = len(edges) - 1
    periods = (ends - settings.begin) // settings.width
    bins = numpy.searchsorted(edges, durations, side="right") - 1
    cells = numpy.bincount(periods * bin_count + bins, minlength=PERIOD_COUNT * bin_count)
    print_measure("answer heatmap", "", cells.reshape(-1, bin_count).sum(axis=1).tolist())
    print_measure("answer cells", "", cells.tolist())

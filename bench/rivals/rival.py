"""Measures a rival of the store: loads the columns of the data set, or asks about them.

`rival.py NAME version|load|query`; prints lines of JSON with a name, a unit, and values.
"""

import argparse
import importlib

from measuring import print_memory


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="of the module without rival_: sqlite, duckdb_rollup, ...")
    parser.add_argument("act", choices=["version", "load", "query"])
    parser.add_argument("--columns", help="where the columns of the data set are")
    parser.add_argument("--dir", help="where the rival keeps its files")
    parser.add_argument("--rows", type=int, default=0, help="of the data set; 0 means all")
    parser.add_argument("--repeat", type=int, default=5, help="how often each question is timed")
    parser.add_argument("--memory", type=int, default=4_000, help="megabytes it may use")
    parser.add_argument("--since", type=int, help="where the time range of a function begins, ns")
    parser.add_argument("--until", type=int, help="what it ends before")
    parser.add_argument("--begin", type=int, help="where the first column of the heatmap begins")
    parser.add_argument("--width", type=int, help="of a column, in nanoseconds")
    parser.add_argument("--edges", default="", help="of its bins, for who counts by the same")
    return parser.parse_args()


def main():
    settings = arguments()
    rival = importlib.import_module(f"rival_{settings.name}")
    if settings.act == "version":
        print(rival.VERSION)
        return
    getattr(rival, settings.act)(settings)
    print_memory()


main()

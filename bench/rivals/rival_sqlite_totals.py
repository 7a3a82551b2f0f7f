"""SQLite with running totals of each function, kept by a trigger."""

import rival_sqlite
from rival_sqlite import VERSION, ask, connect, statistics

TOTALS = """
    CREATE TABLE totals (name INTEGER PRIMARY KEY, count INTEGER, sum INTEGER, squares REAL)"""
TRIGGER = """
    CREATE TRIGGER keep AFTER INSERT ON calls BEGIN
      INSERT INTO totals VALUES (NEW.name, 1, NEW.duration, 1.0 * NEW.duration * NEW.duration)
      ON CONFLICT (name) DO UPDATE SET count = count + 1, sum = sum + excluded.sum,
        squares = squares + excluded.squares;
    END"""


def load(settings):
    rival_sqlite.load(settings, TOTALS, TRIGGER)


def query(settings):
    connection = connect(settings)
    ask(connection, settings, "statistics", "SELECT * FROM totals", statistics)

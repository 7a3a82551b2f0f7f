"""DuckDB by its C interface, which its Python package contains: questions are prepared, and no row
becomes an object of Python, so that what is timed is DuckDB alone."""

import ctypes

import _duckdb

OUT = ctypes.byref


class Result(ctypes.Structure):
    """What `duckdb_result` is: six words."""

    _fields_ = [("words", ctypes.c_uint64 * 6)]


class Library:
    """An open database and a connection to it."""

    def __init__(self, path, settings):
        self.calls = ctypes.CDLL(_duckdb.__file__)
        self.calls.duckdb_result_error.restype = ctypes.c_char_p
        self.calls.duckdb_prepare_error.restype = ctypes.c_char_p
        self.database, self.connection = ctypes.c_void_p(), ctypes.c_void_p()
        if self.calls.duckdb_open(path.encode(), OUT(self.database)) != 0:
            raise RuntimeError(f"DuckDB does not open {path}")
        if self.calls.duckdb_connect(self.database, OUT(self.connection)) != 0:
            raise RuntimeError(f"DuckDB does not connect to {path}")
        self.run("SET threads = 1")
        self.run(f"SET memory_limit = '{settings.memory}MB'")

    def run(self, text):
        """Runs a statement and forgets its result."""
        result = Result()
        state = self.calls.duckdb_query(self.connection, text.encode(), OUT(result))
        self.finish(state, result)

    def prepare(self, text):
        """Returns what answers this question and forgets the answer."""
        statement = ctypes.c_void_p()
        if self.calls.duckdb_prepare(self.connection, text.encode(), OUT(statement)) != 0:
            raise RuntimeError(self.calls.duckdb_prepare_error(statement).decode())

        def execute():
            result = Result()
            self.finish(self.calls.duckdb_execute_prepared(statement, OUT(result)), result)

        return execute

    def finish(self, state, result):
        reason = self.calls.duckdb_result_error(OUT(result)) if state != 0 else None
        self.calls.duckdb_destroy_result(OUT(result))
        if state != 0:
            raise RuntimeError((reason or b"DuckDB fails").decode())

    def close(self):
        self.calls.duckdb_disconnect(OUT(self.connection))
        self.calls.duckdb_close(OUT(self.database))

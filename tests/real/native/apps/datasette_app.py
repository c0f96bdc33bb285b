"""Datasette: a data browser over SQLite, with its lifespan, its templates and its own static files."""

import sqlite3

from datasette.app import Datasette

from tests.real.native.apps.place import FOLDER

FILE = FOLDER / "data.sqlite3"
if not FILE.exists():
    with sqlite3.connect(FILE) as database:
        database.execute("create table if not exists words (word text)")
        database.executemany("insert into words values (?)", [("one",), ("two",), ("three",)])
    database.close()

app = Datasette([str(FILE)], settings={"num_sql_threads": 1}).app()

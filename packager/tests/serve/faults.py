# SPDX-License-Identifier: MPL-2.0
"""Faults of a SQLite database that another program causes: faults.py FAULT DATABASE [OTHER]

checkpoint writes its log into it; lock holds its write lock until standard input ends; copy makes a copy in OTHER; restore writes the content of OTHER over it, as the
command '.restore' of sqlite3 does.
"""
import sqlite3
import sys

fault, database, *other = sys.argv[1:]
connection = sqlite3.connect(database, timeout=20, isolation_level=None)
if fault == "lock":
    connection.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    sys.stdin.read()
elif fault == "checkpoint":
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
elif fault == "copy":
    with sqlite3.connect(other[0]) as copy:
        connection.backup(copy)
    copy.close()
elif fault == "restore":
    with sqlite3.connect(other[0]) as copy:
        copy.backup(connection)
    copy.close()
connection.close()

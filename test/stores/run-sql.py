"""Runs the statements of standard input in chdb or duckdb, and prints the rows of each SELECT as a line of JSON."""
import json
import sys

engine, separator = sys.argv[1], ";\n"
statements = [text for text in sys.stdin.read().split(separator) if text.strip()]

if engine == "chdb":
    import chdb.session

    session = chdb.session.Session()
    session.query("CREATE DATABASE records")
    session.query("USE records")

    def run(statement):
        if not statement.lstrip().upper().startswith("SELECT"):
            session.query(statement)
            return None
        settings = " SETTINGS output_format_json_quote_64bit_integers = 0 FORMAT JSON"
        return json.loads(session.query(statement.rstrip().rstrip(";") + settings).bytes())["data"]

else:
    import duckdb

    database = duckdb.connect()

    def run(statement):
        result = database.execute(statement)
        if not statement.lstrip().upper().startswith("SELECT"):
            return None
        names = [column[0] for column in result.description]
        return [dict(zip(names, row)) for row in result.fetchall()]


for statement in statements:
    rows = run(statement)
    if rows is not None:
        print(json.dumps(rows, default=str))

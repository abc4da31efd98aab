"""Prints each row of the Avro files of a folder as a line of JSON, as fastavro reads it. Arguments: the folder, and the schema of
the reader, or none."""
import json
import pathlib
import sys

import fastavro

schema = json.loads(pathlib.Path(sys.argv[2]).read_text()) if len(sys.argv) > 2 else None
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.avro")):
    with path.open("rb") as file:
        for row in fastavro.reader(file, reader_schema=schema):
            print(json.dumps(row, default=lambda value: value.decode("latin1")))

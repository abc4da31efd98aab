"""Validates lines of JSON against the class of a released OCSF schema: VERSION FILE. Prints what is wrong, each once."""
import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

version, path = sys.argv[1:]
schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version))
validators = {}
wrong = set()
count = 0
for line in open(path, encoding="utf-8"):
    event = json.loads(line)
    profiles = tuple(event["metadata"].get("profiles", []))
    if profiles not in validators:
        name = schema.lookup_class_name_from_uid(event["class_uid"])
        validators[profiles] = Draft202012Validator(schema.get_class_schema(name, list(profiles)))
    for error in validators[profiles].iter_errors(event):
        wrong.add(f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    count += 1
print(json.dumps({"events": count, "wrong": sorted(wrong)}))

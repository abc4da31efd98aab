-- Tagged records, one JSON object per line, to Parquet: the record as it was received, with the parts of its tag that are
-- queried in columns.
COPY (
    SELECT
        json AS record,
        json ->> '$.tripline.verdict' AS verdict,
        json ->> '$.tripline.level' AS level,
        json ->> '$.tripline.platform' AS platform,
        json ->> '$.tripline.cluster' AS cluster,
        TRY_CAST(json ->> '$.tripline.event.time' AS TIMESTAMPTZ) AS time,
        json ->> '$.tripline.event.username' AS username,
        json ->> '$.tripline.event.verb' AS verb,
        json ->> '$.tripline.event.resource' AS resource,
        json ->> '$.tripline.event.namespace' AS namespace,
        json ->> '$.tripline.event.name' AS name,
        json ->> '$.tripline.event.auditID' AS audit_id,
        from_json(json -> '$.tripline.findings', '[{
            "id": "VARCHAR", "rule": "VARCHAR", "level": "VARCHAR", "title": "VARCHAR", "summary": "VARCHAR",
            "time": "VARCHAR", "workload": "VARCHAR", "attack": [{"technique": "VARCHAR"}]
        }]') AS findings,
        from_json(json -> '$.tripline.reports', '[{
            "id": "VARCHAR", "rule": "VARCHAR", "level": "VARCHAR", "title": "VARCHAR", "summary": "VARCHAR",
            "time": "VARCHAR", "workload": "VARCHAR", "attack": [{"technique": "VARCHAR"}]
        }]') AS reports
    FROM read_json_objects('tagged.ndjson', format = 'newline_delimited', maximum_object_size = 33554432)
) TO 'audit.parquet' (FORMAT parquet, COMPRESSION zstd);

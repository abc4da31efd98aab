-- Findings that Tripline sends as rows (rows: findings), each once: one that is repeated replaces its earlier row.
-- Query with FINAL.
CREATE TABLE finding_rows
(
    record    String CODEC(ZSTD(3)),
    id        String MATERIALIZED JSONExtractString(record, 'id'),
    received  DateTime64(3, 'UTC') MATERIALIZED parseDateTime64BestEffort(JSONExtractString(record, 'received'), 3, 'UTC'),
    time      DateTime64(6, 'UTC') MATERIALIZED ifNull(parseDateTime64BestEffortOrNull(JSONExtractString(record, 'time'), 6, 'UTC'), received),
    kind      LowCardinality(String) MATERIALIZED JSONExtractString(record, 'kind'),
    rule      LowCardinality(String) MATERIALIZED JSONExtractString(record, 'rule'),
    level     LowCardinality(String) MATERIALIZED JSONExtractString(record, 'level'),
    summary   String MATERIALIZED JSONExtractString(record, 'summary'),
    cluster   LowCardinality(String) MATERIALIZED JSONExtractString(record, 'cluster'),
    workload  String MATERIALIZED JSONExtractString(record, 'workload'),
    username  String MATERIALIZED JSONExtractString(record, 'event', 'username'),
    owner     LowCardinality(String) MATERIALIZED JSONExtractString(record, 'owner', 'name')
)
ENGINE = ReplacingMergeTree
ORDER BY id
SETTINGS non_replicated_deduplication_window = 10000;

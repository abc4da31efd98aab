-- Each record as it was received, with the parts of its tag that are queried in columns. The bodies stay text: they have any
-- names and any types, and a column for each, or the type JSON, would keep some and change others.
CREATE TABLE audit
(
    record    String CODEC(ZSTD(3)),
    received  DateTime64(3) DEFAULT now64(3),
    -- The event's own time: the same for a record that is sent again.
    time      DateTime64(6, 'UTC') MATERIALIZED ifNull(parseDateTime64BestEffortOrNull(JSONExtractString(record, 'tripline', 'event', 'time'), 6, 'UTC'), received),
    verdict   LowCardinality(String) MATERIALIZED JSONExtractString(record, 'tripline', 'verdict'),
    level     LowCardinality(String) MATERIALIZED JSONExtractString(record, 'tripline', 'level'),
    platform  LowCardinality(String) MATERIALIZED JSONExtractString(record, 'tripline', 'platform'),
    cluster   LowCardinality(String) MATERIALIZED JSONExtractString(record, 'tripline', 'cluster'),
    rules     Array(LowCardinality(String)) MATERIALIZED JSONExtract(record, 'tripline', 'rules', 'Array(LowCardinality(String))'),
    username  String MATERIALIZED JSONExtractString(record, 'tripline', 'event', 'username'),
    verb      LowCardinality(String) MATERIALIZED JSONExtractString(record, 'tripline', 'event', 'verb'),
    resource  LowCardinality(String) MATERIALIZED JSONExtractString(record, 'tripline', 'event', 'resource'),
    namespace String MATERIALIZED JSONExtractString(record, 'tripline', 'event', 'namespace'),
    name      String MATERIALIZED JSONExtractString(record, 'tripline', 'event', 'name')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received)
ORDER BY (verdict, time)
TTL toDateTime(received) + INTERVAL 90 DAY
-- How many blocks are remembered: one that Tripline sends again is not inserted a second time.
SETTINGS non_replicated_deduplication_window = 10000;

-- What was found, each once: a record that is sent again replaces its earlier rows. Query with FINAL.
CREATE TABLE findings
(
    id        String,
    -- finding, report (about others than the user of its record), shadow or shadow report
    kind      LowCardinality(String),
    rule      LowCardinality(String),
    level     LowCardinality(String),
    time      DateTime64(6, 'UTC'),
    title     LowCardinality(String),
    summary   String,
    workload  String,
    techniques Array(LowCardinality(String)),
    platform  LowCardinality(String),
    cluster   LowCardinality(String),
    -- Empty for a report.
    username  String,
    namespace String,
    auditID   String
)
ENGINE = ReplacingMergeTree
ORDER BY (id, kind);

CREATE MATERIALIZED VIEW findings_of_audit TO findings AS
SELECT
    JSONExtractString(one, 'id') AS id,
    kind,
    JSONExtractString(one, 'rule') AS rule,
    JSONExtractString(one, 'level') AS level,
    ifNull(parseDateTime64BestEffortOrNull(JSONExtractString(one, 'time'), 6, 'UTC'), received) AS time,
    JSONExtractString(one, 'title') AS title,
    JSONExtractString(one, 'summary') AS summary,
    JSONExtractString(one, 'workload') AS workload,
    arrayMap(technique -> JSONExtractString(technique, 'technique'), JSONExtractArrayRaw(one, 'attack')) AS techniques,
    platform,
    cluster,
    if(kind IN ('finding', 'shadow'), username, '') AS username,
    if(kind IN ('finding', 'shadow'), namespace, '') AS namespace,
    if(kind IN ('finding', 'shadow'), JSONExtractString(record, 'tripline', 'event', 'auditID'), '') AS auditID
FROM
(
    SELECT
        record, received, platform, cluster, username, namespace,
        arrayJoin(arrayConcat(
            arrayMap(one -> (one, 'finding'), JSONExtractArrayRaw(record, 'tripline', 'findings')),
            arrayMap(one -> (one, 'report'), JSONExtractArrayRaw(record, 'tripline', 'reports')),
            arrayMap(one -> (one, 'shadow'), JSONExtractArrayRaw(record, 'tripline', 'shadow')),
            arrayMap(one -> (one, 'shadow report'), JSONExtractArrayRaw(record, 'tripline', 'shadowReports'))
        )) AS found,
        found.1 AS one,
        found.2 AS kind
    FROM audit
);

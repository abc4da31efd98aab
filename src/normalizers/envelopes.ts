/** What log pipelines, stores and their command-line tools wrap around a record of any platform. */
import { mayHoldJson } from '../json/embedded.ts';
import { isMap, type JsonMap, member } from '../json/map.ts';
import { isAuditEvent, type Normalizer } from './normalizer.ts';

export const envelopes: Normalizer = {
  name: 'envelopes',
  read(map, context) {
    const lists = LISTS.map((key) => member(map, key)).filter(Array.isArray);
    const values = KEYS.map((key) => member(map, key));
    // A parser may keep the text beside its result, so the first text with an event in it is enough.
    const texts = values.filter((value) => typeof value === 'string' && mayHoldJson(value));
    const maps = values.filter((value) => typeof value === 'object' && value !== null);
    // Merge_Log_Key and the like put the event under any name; the nest filter puts any prefix before its keys.
    const named = Object.values(map).find((value) => isMap(value) && isAuditEvent(value));
    const prefixed = named === undefined ? unprefixed(map) : undefined;
    const groups = [...lists.map((list) => [list]), ...texts.map((text) => [text]), maps, [named ?? prefixed]];
    return { kind: 'wrapper', groups, context };
  },
};

const LISTS = [
  'records',
  'Records', // Lambda's events of SNS and SQS
  'logEvents',
  'events', // aws logs filter-log-events, get-log-events
  'items',
  'receivedMessages',
  'Messages', // SQS
  'resourceLogs', // OTLP
  'hits', // Elasticsearch and OpenSearch
  'result', // Loki: the streams of a query
  'results', // Splunk
  'streams', // Loki: a push
  'values', // of a stream of Loki
];

const KEYS = [
  'log', // Fluent Bit tail, docker, CRI
  'message', // CRI by regex, syslog, Logstash, OVHcloud
  'MESSAGE', // systemd
  'msg',
  'short_message', // GELF
  'full_message',
  '@message', // CloudWatch Insights
  'payload', // Fluent Bit's Kafka input
  '_raw', // Splunk, Cribl
  'event', // Splunk, OpenShift 3.11
  'data', // Firehose, CloudEvents
  'data_base64',
  'body', // OpenTelemetry
  'log_processed', // Fluent Bit's Merge_Log_Key by its usual name
  'jsonPayload', // Cloud Logging
  'textPayload',
  'hits', // Elasticsearch and OpenSearch
  '_source',
  'original', // event.original of Elastic, nested and flat
  'event.original',
  'result', // Splunk
  'line', // logcli
  'Message', // SNS
  'Sns',
  'Body', // SQS
  'LogJson', // Tencent
  'content', // Alibaba
  'logContent', // Oracle
  '_line', // IBM
];

/** The map without the prefix that all keys of an audit event in it share. */
function unprefixed(map: JsonMap): JsonMap | undefined {
  const key = Object.keys(map).find((each) => each.length > 'auditID'.length && each.endsWith('auditID'));
  if (key === undefined) return undefined;
  const prefix = key.slice(0, -'auditID'.length);
  const members = Object.entries(map).filter(([each]) => each.startsWith(prefix));
  return Object.fromEntries(members.map(([each, value]) => [each.slice(prefix.length), value]));
}

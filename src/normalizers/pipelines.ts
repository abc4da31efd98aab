/** What log pipelines wrap around a record of any platform: Fluent Bit, Kafka, syslog, Splunk, GELF, OpenTelemetry. */
import { mayHoldJson } from '../json/embedded.ts';
import { isMap, type JsonMap, member } from '../json/map.ts';
import { isAuditEvent, type Normalizer } from './normalizer.ts';

export const pipelines: Normalizer = {
  name: 'pipelines',
  read(map, context) {
    const list = LISTS.map((key) => member(map, key)).find(Array.isArray);
    if (list !== undefined) return { kind: 'wrapper', inside: list, context };

    // A parser may keep the text beside what it has made of it, so the first text is enough.
    const values = KEYS.map((key) => member(map, key));
    const text = values.find((value) => typeof value === 'string' && mayHoldJson(value));
    if (text !== undefined) return { kind: 'wrapper', inside: [text], context };

    const maps = values.filter((value) => typeof value === 'object' && value !== null);
    if (maps.length > 0) return { kind: 'wrapper', inside: maps, context };

    // Merge_Log_Key and the like put the event under any name, the nest filter puts any prefix before its keys.
    const event = Object.values(map).find((value) => isMap(value) && isAuditEvent(value)) ?? unprefixed(map);
    return event === undefined ? undefined : { kind: 'wrapper', inside: [event], context };
  },
};

const LISTS = ['records', 'logEvents', 'items', 'receivedMessages'];

const KEYS = [
  'log', // Fluent Bit tail, docker, CRI
  'message', // CRI by regex, syslog, Logstash, OVHcloud
  'MESSAGE', // systemd
  'msg',
  'short_message', // GELF
  '@message', // CloudWatch Insights
  'payload', // Fluent Bit's Kafka input
  '_raw', // Splunk, Cribl
  'event', // Splunk, OpenShift 3.11
  'data', // Firehose, CloudEvents
  'body', // OpenTelemetry
  'log_processed', // Fluent Bit's Merge_Log_Key by its usual name
  'jsonPayload', // Cloud Logging
  'textPayload',
];

/** The map without the prefix that all keys of an audit event in it share. */
function unprefixed(map: JsonMap): JsonMap | undefined {
  const key = Object.keys(map).find((each) => each.length > 'auditID'.length && each.endsWith('auditID'));
  if (key === undefined) return undefined;
  const prefix = key.slice(0, -'auditID'.length);
  const members = Object.entries(map).filter(([each]) => each.startsWith(prefix));
  return Object.fromEntries(members.map(([each, value]) => [each.slice(prefix.length), value]));
}

/** Settings of the input that reads topics of Kafka. */
import Type, { type Static } from 'typebox';
import { isMap, type JsonMap } from '../json/map.ts';
import { connectionFaults, connectionSettings } from '../sinks/kafka/connection.ts';
import type { Fault } from './schema-faults.ts';

export const KafkaInput = Type.Object(
  {
    ...connectionSettings,
    topics: Type.Array(Type.String({ pattern: '^[a-zA-Z0-9._-]{1,249}$' }), {
      minItems: 1,
      uniqueItems: true,
      description: 'Topics to read. A message is a record: a map, as the kafka output of Fluent Bit writes it.',
    }),
    group: Type.String({
      minLength: 1,
      maxLength: 255,
      default: 'tripline',
      description: 'Consumer group: the partitions are distributed among all members that have the same one.',
    }),
    format: Type.Enum(['json', 'msgpack'], {
      default: 'json',
      description: 'Format of the messages: `format` of the kafka output of Fluent Bit.',
    }),
    from: Type.Enum(['earliest', 'latest'], {
      default: 'earliest',
      description: 'Where to start reading a partition that the group has not read yet.',
    }),
    maxBatchBytes: Type.Integer({
      minimum: 1024,
      default: 1024 * 1024,
      description: 'Bytes of messages that are processed together; a larger message is processed alone.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Reads records from Kafka, Event Hubs or MSK. Offsets are committed when every sink has the records, or by a ' +
      'kafka sink with `exactlyOnce`. Default: off.',
  },
);
export type KafkaInput = Static<typeof KafkaInput>;

/** What no schema can express about these settings.
 * @param settings all of them; of any type if the schema has reported that already */
export function kafkaInputFaults({ kafka, sinks, limits }: JsonMap): Fault[] {
  const exact = (Array.isArray(sinks) ? sinks : []).flatMap((sink, index) =>
    isMap(sink) && sink.type === 'kafka' && sink.exactlyOnce === true ? [{ sink, index }] : [],
  );
  const faults = exact.flatMap(({ sink, index }, nth): Fault[] => {
    const of = (message: string): Fault[] => [
      { setting: ['sinks', index, 'exactlyOnce'], message: `exactlyOnce ${message}` },
    ];
    if (!isMap(kafka)) return of('is for records that are read from Kafka; set kafka, the input, or leave it out');
    if (nth > 0) return of('can be true for one sink only: a transaction is at one cluster; leave it out here');
    return isSame(kafka.brokers, sink.brokers)
      ? []
      : of('needs the brokers of the input, whose offsets it commits; write the same list in both');
  });
  if (!isMap(kafka)) return faults;
  const add = (setting: readonly (string | number)[], message: string) =>
    faults.push({ setting: ['kafka', ...setting], message });
  if (Array.isArray(kafka.brokers) && kafka.brokers.every((broker) => typeof broker === 'string')) {
    for (const { setting, message } of connectionFaults(kafka as KafkaInput)) add(setting, `kafka.${message}`);
  }
  if (Array.isArray(sinks) && sinks.length === 0) {
    add([], 'kafka receives records that have nowhere to go; add a sink (sinks: [{ type: kafka, ... }])');
  }
  const { maxBatchBytes } = kafka;
  if (isMap(limits) && typeof maxBatchBytes === 'number' && maxBatchBytes > Number(limits.maxPendingBytes)) {
    add(['maxBatchBytes'], 'kafka.maxBatchBytes is more than limits.maxPendingBytes; lower it');
  }
  const [topics, written] = [kafka.topics, (Array.isArray(sinks) ? sinks : []).filter(isMap)];
  for (const [index, topic] of (Array.isArray(topics) ? topics : []).entries()) {
    const isWritten = written.some(({ type, brokers, ...sink }) => {
      const { topic: own, deadLetterTopic, findings } = sink;
      const all = [own, deadLetterTopic, isMap(findings) ? findings.topic : undefined];
      return type === 'kafka' && isSame(brokers, kafka.brokers) && all.includes(topic);
    });
    if (isWritten)
      add(['topics', index], `kafka.topics: ${topic} is also written to by a sink, and would loop; write another`);
  }
  return faults;
}

function isSame(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return false;
  const own = new Set(one);
  return own.size === new Set(other).size && other.every((broker) => own.has(broker));
}

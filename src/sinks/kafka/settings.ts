/** Settings of the sink of Kafka. */
import Type, { type Static } from 'typebox';
import { formNames } from '../../findings/forms/index.ts';
import type { SinkFault } from '../sink.ts';
import { connectionFaults, connectionSettings, connectionTarget } from './connection.ts';

const topic = (description: string) =>
  Type.String({ pattern: '^[a-zA-Z0-9._-]{1,249}$', description: `${description} It must exist.` });

export const kafkaConfig = Type.Object(
  {
    type: Type.Literal('kafka'),
    name: Type.String({ minLength: 1, default: 'kafka', description: 'Name in logs and metrics.' }),
    ...connectionSettings,
    topic: topic('Topic of the records, each with its tag.'),
    format: Type.Enum(['json', 'msgpack'], {
      default: 'json',
      description: 'How a record is written, as a map in either case.',
    }),
    key: Type.Enum(['cluster', 'none'], {
      default: 'cluster',
      description:
        'The key of each message: the name of the cluster, so that the records of a cluster are in one partition and in ' +
        'order; or none.',
    }),
    findings: Type.Optional(
      Type.Object(
        {
          topic: topic('Topic of the findings.'),
          form: Type.Enum([...formNames], { default: 'findings', description: 'As `rows` of the other sinks.' }),
        },
        { additionalProperties: false, description: 'Findings and reports as messages of their own. Default: none.' },
      ),
    ),
    deadLetterTopic: Type.Optional(
      topic(
        'Topic of input that is not a record: its bytes as received, with headers that say what is wrong and where it was ' +
          'read. Default: it goes to the topic of the records.',
      ),
    ),
    exactlyOnce: Type.Boolean({
      default: false,
      description:
        'Writes a batch in one transaction, together with how far the input `kafka` has read: records read there are in ' +
        'these topics exactly once, for readers of committed records. The input must have the same brokers.',
    }),
    compression: Type.Enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
      default: 'zstd',
      description: 'How messages are compressed.',
    }),
    maxMessageBytes: Type.Integer({
      minimum: 1024,
      default: 1_000_000,
      description: "Bytes of one message: no more than the topic's max.message.bytes (1,048,588 unless it is set).",
    }),
    maxRequestBytes: Type.Integer({
      minimum: 1024,
      default: 900_000,
      description:
        'Bytes of messages that are written together, before compression; a larger message is written alone.',
    }),
    timeoutSeconds: Type.Number({
      exclusiveMinimum: 0,
      maximum: 3600,
      default: 30,
      description: 'How long a batch may take until all of it is acknowledged.',
    }),
  },
  { additionalProperties: false, title: 'Kafka sink' },
);
export type KafkaConfig = Static<typeof kafkaConfig>;

export const kafkaTarget = (config: KafkaConfig) => `${config.topic} at ${connectionTarget(config)}`;

/** Settings by which a sink does not get each batch, or not before its sender is answered. */
interface Ways {
  records?: unknown;
  spool?: unknown;
  required?: boolean;
}

export function kafkaFaults(config: KafkaConfig & Ways): SinkFault[] {
  const faults = connectionFaults(config);
  if (!config.exactlyOnce) return faults;
  for (const setting of ['records', 'spool'] as const) {
    if (config[setting] === undefined) continue;
    const message = `${setting}: exactlyOnce needs each batch whole, and before its sender is answered; leave one of them out`;
    faults.push({ setting: [setting], message });
  }
  if (config.required === false) {
    const message =
      'required: false cannot be used with exactlyOnce, which records how far the input has read; leave one out';
    faults.push({ setting: ['required'], message });
  }
  return faults;
}

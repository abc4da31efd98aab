/** The connection to the brokers of Kafka, for the sink and for the input. */
import { isIP } from 'node:net';
import type { BaseOptions } from '@platformatic/kafka';
import Type, { type Static } from 'typebox';
import type { SinkDependencies, SinkFault } from '../sink.ts';
import { tlsFaults, tlsSettings, tlsTo } from '../tls/settings.ts';

const closed = { additionalProperties: false };

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

export const connectionSettings = {
  brokers: Type.Array(
    Type.String({
      pattern: '^(\\[[0-9a-fA-F:]+\\]|[^:\\[\\]/]+):[0-9]{1,5}$',
      description: 'Address and port, such as kafka.example.com:9092.',
    }),
    { minItems: 1, description: 'Brokers to connect to first: they name all others of their cluster.' },
  ),
  tls: Type.Optional(tlsSettings),
  sasl: Type.Optional(
    Type.Object(
      {
        mechanism: Type.Enum([...mechanisms], {
          default: 'PLAIN',
          description: '`PLAIN` sends the password itself to the broker, so it needs `tls`; Event Hubs uses it.',
        }),
        username: Type.String({ minLength: 1, description: 'For Event Hubs `$ConnectionString`.' }),
        password: Type.String({ minLength: 1, writeOnly: true, description: 'The password of that user.' }),
      },
      { ...closed, description: 'Credentials. Default: none.' },
    ),
  ),
};
export type ConnectionSettings = Static<ReturnType<typeof Type.Object<typeof connectionSettings>>>;

/** Faults in the settings that no schema finds. */
export function connectionFaults({ brokers, tls }: ConnectionSettings): SinkFault[] {
  const faults = brokers.flatMap((broker, index): SinkFault[] => {
    const { port } = splitBroker(broker);
    if (port > 0 && port <= 65535) return [];
    return [
      { setting: ['brokers', index], message: `brokers: ${broker} has no port from 1 to 65535; write host:port` },
    ];
  });
  return tls === undefined ? faults : [...faults, ...tlsFaults(tls)];
}

/** Where it connects to, for a person to read; without secrets. */
export function connectionTarget({ brokers, sasl }: ConnectionSettings): string {
  return `${brokers.join(', ')}${sasl === undefined ? '' : ` with user ${sasl.username}`}`;
}

/** Milliseconds allowed for a connection, and for an answer. */
const CONNECT_MILLISECONDS = 5_000;
const REQUEST_MILLISECONDS = 20_000;
/** Milliseconds between two of the client's own attempts. */
const RETRY_MILLISECONDS = 200;
const RETRIES = 3;

/** The options of a client. Certificate files are read now, so that each client has the current ones.
 * @param receiver as the log names it */
export function clientOptions(
  { brokers, tls, sasl }: ConnectionSettings,
  receiver: string,
  logger: SinkDependencies['logger'],
): BaseOptions {
  const bootstrapBrokers = brokers.map(splitBroker);
  // Event Hubs has to be named in the handshake; an address cannot be.
  const isNamed = bootstrapBrokers.some(({ host }) => isIP(host) === 0);
  return {
    clientId: 'tripline',
    bootstrapBrokers,
    connectTimeout: CONNECT_MILLISECONDS,
    requestTimeout: REQUEST_MILLISECONDS,
    retries: RETRIES,
    retryDelay: RETRY_MILLISECONDS,
    autocreateTopics: false,
    ...(tls && { tls: tlsTo(undefined, tls, receiver, logger)(), tlsServerName: tls.servername ?? isNamed }),
    ...(sasl && { sasl }),
  };
}

function splitBroker(broker: string): { host: string; port: number } {
  const colon = broker.lastIndexOf(':');
  return { host: broker.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(broker.slice(colon + 1)) };
}

/** What a broker answers, and what to do about it, by the name of the error in Kafka's protocol. */
const remedies: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'create it, or write another name',
  TOPIC_AUTHORIZATION_FAILED: 'it does not authorize this user for the topic; grant READ or WRITE and DESCRIBE on it',
  GROUP_AUTHORIZATION_FAILED: 'it does not let this user into the consumer group; grant READ on it',
  CLUSTER_AUTHORIZATION_FAILED: 'it does not let this user write idempotently; grant IDEMPOTENT_WRITE or WRITE',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    'it does not let this user use its transactional id; grant WRITE and DESCRIBE on it, or set exactlyOnce: false',
  INCONSISTENT_GROUP_PROTOCOL:
    'a program that assigns partitions differently is in the consumer group; set group to a name that it does not use',
  SASL_AUTHENTICATION_FAILED: 'it refuses the credentials; check sasl.username and sasl.password',
  UNSUPPORTED_SASL_MECHANISM: 'it does not have this mechanism; set sasl.mechanism to one that it has',
  MESSAGE_TOO_LARGE:
    'it accepts no batch that large; set maxMessageBytes and maxRequestBytes to its max.message.bytes, or raise that',
  RECORD_LIST_TOO_LARGE: 'it accepts no batch that large; lower maxRequestBytes, or raise its segment.bytes',
  NOT_ENOUGH_REPLICAS: 'too few of its replicas are in sync to keep a record safely (min.insync.replicas)',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'too few of its replicas are in sync to keep a record safely (min.insync.replicas)',
};

/** The wording of the client. */
const UNKNOWN_TOPIC = /^Unknown topic ([^\s.]\S*?)\.?$/;

/** Reports that a consumer cannot be what it is configured to be in its group. */
export class NotTakingPart extends Error {
  override readonly name = 'NotTakingPart';
}

/** Why a client has failed, as a predicate whose subject is the cluster.
 * @param topics that it has asked for: with several, the client names the wrong one as missing */
export function reasonOf(error: unknown, topics: readonly string[] = []): string {
  const errors = [...causesOf(error)];
  const isTopicMissing = errors.some(
    ({ apiId, message }) => apiId === 'UNKNOWN_TOPIC_OR_PARTITION' || UNKNOWN_TOPIC.test(message),
  );
  if (isTopicMissing && topics.length > 0) {
    const which = topics.length === 1 ? `has no topic ${topics[0]}` : `lacks some of the topics ${topics.join(', ')}`;
    return `${which}: ${remedies.UNKNOWN_TOPIC_OR_PARTITION}`;
  }
  const ofProtocol = errors.find(({ apiId }) => typeof apiId === 'string');
  if (ofProtocol !== undefined) {
    const { apiId, message } = ofProtocol as { apiId: string; message: string };
    return `answers ${apiId}: ${remedies[apiId] ?? message}`;
  }
  if (errors.some(({ code }) => code === 'PLT_KFK_AUTHENTICATION')) {
    return `answers ${errors.at(-1)!.message}: ${remedies.SASL_AUTHENTICATION_FAILED}`;
  }
  const last = (errors.at(-1)?.message ?? String(error)).replace(/\.$/, '');
  // The client has found that out from its own list of topics.
  const [, topic] = UNKNOWN_TOPIC.exec(last) ?? [];
  if (topic !== undefined) return `has no topic ${topic}: ${remedies.UNKNOWN_TOPIC_OR_PARTITION}`;
  const isMisused = error instanceof NotTakingPart || errors.some(({ code }) => code === 'PLT_KFK_USER');
  return `${isMisused ? 'does not take part' : 'cannot be reached'}: ${last}`;
}

/** Whether the client reports the error, as opposed to a defect. */
export function isOfClient(error: unknown): boolean {
  return error instanceof NotTakingPart || [...causesOf(error)].some(({ code }) => String(code).startsWith('PLT_KFK_'));
}

/** What a broker answers to a consumer that is no longer the same member of its group. */
const ofGroup = ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID'];

/** Whether a client has failed because the partitions of a group were reassigned. */
export function isOfGroup(error: unknown): boolean {
  return [...causesOf(error)].some(({ apiId }) => ofGroup.includes(String(apiId)));
}

/** Whether an open transaction is about to change the offsets that were requested. */
export function isUnstable(error: unknown): boolean {
  return [...causesOf(error)].some(({ apiId }) => apiId === 'UNSTABLE_OFFSET_COMMIT');
}

interface Cause {
  message: string;
  code?: unknown;
  /** The name of an error of Kafka's protocol. */
  apiId?: unknown;
}

/** An error and its causes, depth first. */
function* causesOf(error: unknown): Generator<Cause> {
  if (!(error instanceof Error)) return;
  yield error as Cause;
  for (const one of (error as { errors?: unknown[] }).errors ?? []) yield* causesOf(one);
  yield* causesOf(error.cause);
}

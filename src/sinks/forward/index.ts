/** Sends batches into Fluent Bit, or Fluentd, by the Fluent Forward protocol. */

import { isIP } from 'node:net';
import Type, { type Static } from 'typebox';
import { countRecords } from '../../batch/count.ts';
import { digestOf } from '../../batch/digest.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { freeAlone } from '../../free.ts';
import { Problem } from '../../problem.ts';
import { openCircuit, type Pass } from '../retry/circuit.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import type { DeliveryResult, Sink, SinkDependencies, SinkFault } from '../sink.ts';
import { tlsFaults, tlsSettings, tlsTo } from '../tls/settings.ts';
import { type Connection, openConnection, type Target } from './connection.ts';
import { type Frame, frames, type IsDelivered } from './frames.ts';
import { openLink } from './link.ts';

const closed = { additionalProperties: false };
const path = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

export const forwardConfig = Type.Object(
  {
    type: Type.Literal('forward'),
    name: Type.String({ minLength: 1, default: 'forward', description: 'Name in logs and metrics.' }),
    host: path('Name or address of the receiver: host and port, or unixPath.'),
    port: Type.Integer({ minimum: 1, maximum: 65535, default: 24224, description: 'TCP port of the receiver.' }),
    unixPath: path("Unix socket of the receiver, instead of host and port: the forward input's unix_path."),
    tagPrefix: Type.String({
      minLength: 1,
      default: 'tripline.',
      description:
        'Prepended to the Fluent tag, so that records that come back do not match the output that sends them here. A ' +
        'batch whose tag already has it is not sent on.',
    }),
    mode: Type.Enum(['forward', 'packed'], {
      default: 'forward',
      description: '`forward`: the receiver checks each record; `packed`: it accepts all as they are, at half the CPU.',
    }),
    ackTimeoutSeconds: Type.Number({
      minimum: 0,
      maximum: 3600,
      default: 30,
      description:
        'How long a batch may take until it is acknowledged; must be less than the http.response_timeout (60 s) of the ' +
        'sender. 0: ask for no acknowledgement; a batch counts as delivered when it is written.',
    }),
    sharedKey: Type.Optional(
      Type.String({
        writeOnly: true,
        description: "The forward input's shared_key; '' for one with empty_shared_key.",
      }),
    ),
    username: path("A user of the forward input's security.users; needs a sharedKey."),
    password: Type.Optional(Type.String({ minLength: 1, writeOnly: true, description: 'The password of that user.' })),
    tls: Type.Optional(tlsSettings),
    maxFrameBytes: Type.Integer({
      minimum: 64 * 1024,
      default: 1_000_000,
      description:
        "Bytes of one message. The default fits the forward input's first buffer (buffer_chunk_size); beyond " +
        'its buffer_max_size (6,144,000 unless it is set) it closes the connection.',
    }),
  },
  { ...closed, title: 'Forward sink' },
);
export type ForwardConfig = Static<typeof forwardConfig>;

/** How long a batch may take if no acknowledgement is requested. */
const WRITE_MILLISECONDS = 30_000;
/** How many failed batches are remembered, by the ranges of records that arrived. */
const MAX_UNFINISHED = 1_000;
/** Bytes of a batch that are encoded and sent before waiting for acknowledgements and continuing. Fluent Bit's chunks are
 * smaller. */
const WINDOW_BYTES = 8 * 1024 * 1024;

/** A sink that sends all batches concurrently over one connection; acknowledgements identify them.
 *
 * Delivery is at least once. A receiver may close a connection at any time, especially an idle one: what was not
 * acknowledged by then is sent once more on a new connection, and may arrive twice. If a batch still fails, the
 * records that were acknowledged are left out when its sender retries it, as long as this process lives.
 *
 * A record beyond `maxFrameBytes` is sent after the others and on a connection of its own, because the receiver may
 * close that. If it does, the batch fails and is retried without the records that arrived, until the receiver
 * accepts the record or the sender gives up.
 * @throws Problem `config.invalid` */
export function openForward(config: ForwardConfig, { logger, onRetry, onDown }: SinkDependencies): Sink {
  const { name, tagPrefix, mode, maxFrameBytes } = config;
  const target = targetOf(config, logger);
  const receiver = `sink ${name}: ${'path' in target.address ? target.address.path : `${config.host}:${config.port}`}`;
  const askAcknowledgement = config.ackTimeoutSeconds > 0;
  const allowedMilliseconds = askAcknowledgement ? config.ackTimeoutSeconds * 1000 : WRITE_MILLISECONDS;
  const link = openLink(target);
  const circuit = openCircuit({ receiver, logger, onChange: (isDown) => onDown(name, isDown) });
  const underWay = new Set<Promise<void>>();
  const unfinished = new Map<string, Range[]>();
  const warnOfLoop = rateLimited(logger, 'warn');
  let isClosing = false;

  const unavailable = (what: string) => new Problem('sink.unavailable', `${receiver} ${what}`);

  async function connect(deadline: number, pass: Pass): Promise<Connection> {
    const opening = await link.connection(deadline);
    if (opening.kind === 'open') return opening.connection;
    pass.failed(opening.reason);
    throw unavailable(opening.reason);
  }

  async function send(batch: TaggedBatch): Promise<void> {
    const pass = circuit.admit();
    if (typeof pass === 'string') throw unavailable(pass);
    try {
      await sendBy(pass, batch);
    } finally {
      pass.left();
    }
  }

  async function sendBy(pass: Pass, batch: TaggedBatch): Promise<void> {
    const deadline = performance.now() + allowedMilliseconds;
    await connect(deadline, pass); // before the work of encoding
    const key = unfinished.size > 0 ? digestOf(batch) : undefined;
    const earlier = (key === undefined ? undefined : unfinished.get(key)) ?? [];
    const arrived = [...earlier];
    const isDelivered: IsDelivered = (index) => earlier.some(({ from, to }) => from <= index && index < to);
    const fluentTag = tagPrefix + (batch.fluentTag || 'untagged'); // Fluent Bit drops records with an empty tag
    const oversize: Frame[] = [];
    let window: Frame[] = [];
    let windowBytes = 0;
    try {
      for (const frame of frames(batch, { fluentTag, mode, askAcknowledgement, maxFrameBytes }, isDelivered)) {
        if (frame.isOversize) {
          oversize.push(frame);
          continue;
        }
        window.push(frame);
        windowBytes += frame.bytes.length;
        if (windowBytes < WINDOW_BYTES) continue;
        await sendTogether(window, deadline, arrived, pass);
        window = [];
        windowBytes = 0;
      }
      await sendTogether(window, deadline, arrived, pass);
      for (const frame of oversize) await sendAlone(frame, deadline, arrived, pass);
      if (key !== undefined) unfinished.delete(key);
    } catch (error) {
      if (arrived.length > 0) remember(key ?? digestOf(batch), arrived);
      throw error;
    }
  }

  async function sendTogether(all: readonly Frame[], deadline: number, arrived: Range[], pass: Pass): Promise<void> {
    let left = all;
    for (let attempt = 1; left.length > 0; attempt++) {
      const connection = await connect(deadline, pass);
      const outcomes = await Promise.all(left.map((frame) => connection.send(frame, deadline)));
      const delivered = left.filter((_, index) => outcomes[index].kind === 'delivered');
      arrived.push(...delivered.map(rangeOf));
      // The acknowledged id is at the end of a message, so none of the message is yet to be written.
      for (const { bytes } of delivered) freeAlone(bytes);
      left = left.filter((_, index) => outcomes[index].kind !== 'delivered');
      const failure = outcomes.find((outcome) => outcome.kind !== 'delivered');
      if (failure === undefined) {
        pass.succeeded();
      } else if (failure.kind === 'failed' || attempt === 2 || !circuit.mayRetry()) {
        link.leave(connection);
        pass.failed(failure.reason);
        throw unavailable(`${failure.reason}, with ${left.length} of ${all.length} messages not acknowledged`);
      } else {
        onRetry(name);
      }
    }
  }

  /** That the receiver does not accept such a record says nothing about others. */
  async function sendAlone(frame: Frame, deadline: number, arrived: Range[], pass: Pass): Promise<void> {
    const { length } = frame.bytes;
    const remedy = `set buffer_max_size of its forward input above ${length} bytes`;
    const opening = await openConnection(target, deadline);
    if (opening.kind === 'failed') {
      pass.failed(opening.reason);
      throw unavailable(opening.reason);
    }
    const outcome = await opening.connection.send(frame, deadline);
    await opening.connection.end();
    if (outcome.kind !== 'delivered') {
      // A busy receiver would not have closed the connection.
      const code = outcome.kind === 'lost' ? 'sink.refused' : 'sink.unavailable';
      const what = `${outcome.reason}, given a single record of ${length} bytes: ${remedy}`;
      throw new Problem(code, `${receiver} ${what}`);
    }
    arrived.push(rangeOf(frame));
    freeAlone(frame.bytes);
  }

  function remember(key: string, arrived: Range[]): void {
    unfinished.delete(key);
    unfinished.set(key, arrived);
    for (const [oldest] of unfinished) if (unfinished.size > MAX_UNFINISHED) unfinished.delete(oldest);
  }

  return {
    name,
    refusal() {
      const reason = circuit.refusal();
      return reason && `${receiver} ${reason}`;
    },
    async deliver(batch): Promise<DeliveryResult> {
      const records = countRecords(batch.records);
      if (batch.fluentTag?.startsWith(tagPrefix)) {
        const reason =
          `the tag ${JSON.stringify(batch.fluentTag.slice(0, 200))} has the prefix ${JSON.stringify(tagPrefix)}, so ` +
          'they have been here before; change `match` of the output that sends them to Tripline again';
        warnOfLoop({ sink: name, records }, `Records are not sent on, as that would make a loop: ${reason}`);
        return { kind: 'withheld', records, reason };
      }
      if (records > 0) {
        if (isClosing) throw unavailable('gets no more records: Tripline is stopping');
        const delivery = send(batch);
        underWay.add(delivery);
        await delivery.finally(() => underWay.delete(delivery));
      }
      return { kind: 'acknowledged', records };
    },
    async close() {
      isClosing = true;
      await Promise.allSettled(underWay);
      await link.end();
    },
  };
}

/** A half-open range of indexes into the records of a batch. */
type Range = Pick<Frame, 'from' | 'to'>;

const rangeOf = ({ from, to }: Frame): Range => ({ from, to });

/** Where it sends to, and how that is secured. */
export function forwardTarget({ host, port, unixPath, tls, sharedKey, username }: ForwardConfig): string {
  const secured = [tls && 'TLS', sharedKey !== undefined && 'shared key', username && `user ${username}`].filter(
    Boolean,
  );
  const address = unixPath ?? `${host}:${port}`;
  return secured.length > 0 ? `${address} with ${secured.join(', ')}` : address;
}

/** Faults in the settings that no schema finds: which go together, and whether the files of `tls` can be used. */
export function forwardFaults({ host, unixPath, sharedKey, username, password, tls }: ForwardConfig): SinkFault[] {
  const faults: SinkFault[] = [];
  if ((host === undefined) === (unixPath === undefined))
    faults.push({ setting: [], message: 'set either host or unixPath' });
  if ((username === undefined) !== (password === undefined)) {
    faults.push({ setting: [], message: 'set both username and password, or neither' });
  }
  if (username !== undefined && sharedKey === undefined) {
    const message = "username needs a sharedKey; write '' if the receiver has empty_shared_key";
    faults.push({ setting: ['username'], message });
  }
  if (host !== undefined && isIP(host) === 0 && !/^[\w.-]+$/.test(host)) {
    const message =
      'host must be a name or an address alone, such as fluent-bit.logging.svc; the port is a setting of its own';
    faults.push({ setting: ['host'], message });
  }
  return tls === undefined ? faults : [...faults, ...tlsFaults(tls)];
}

function targetOf(config: ForwardConfig, logger: SinkDependencies['logger']): Target {
  const { name, host, port, unixPath, tls, sharedKey, username = '', password = '' } = config;
  const [fault] = forwardFaults(config);
  if (fault !== undefined) throw new Problem('config.invalid', `sink ${name}: ${fault.message}`);
  const address = unixPath === undefined ? { host: host as string, port } : { path: unixPath };
  const credentials = sharedKey === undefined ? undefined : { sharedKey, username, password };
  const readTls = tls && tlsTo(host, tls, `sink ${name}`, logger);
  return { address, tls: readTls, credentials };
}

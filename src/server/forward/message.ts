/** Handles one message from its bytes to its fate, which the acknowledgement reports. */
import type { Logger } from 'pino';
import { codecNamed } from '../../codecs/index.ts';
import { acknowledgement, eventsOf, type Message, readMessage } from '../../fluent-forward/message.ts';
import { free } from '../../free.ts';
import type { Batch } from '../../pipeline.ts';
import { Problem } from '../../problem.ts';
import { type MessageSpan, startMessage } from '../../telemetry/index.ts';
import { printableTag } from '../fluent-tag.ts';
import type { Shared } from '../http.ts';
import { isFinal, problemOf } from '../refusal.ts';
import type { Inflate } from './inflate.ts';
import type { Arrived } from './reader.ts';

export interface MessageParts extends Pick<Shared, 'take' | 'note' | 'remind' | 'inFlight'> {
  inflate: Inflate;
  logger: Logger;
  transport: 'tcp' | 'unix';
  /** Address of the sender. */
  from: string;
  /** Aborts with a Problem when the connection has ended. */
  gone: AbortSignal;
  /** Called when the next message of the connection may be read: it gets its turn after this one. */
  begun(): void;
}

/** `answered`: all records are safe, or the message is kept for the operator; `ack` is the acknowledgement, if the sender
 * wants one. `unanswered`: it has to be sent again. */
export type Fate = { kind: 'answered'; ack: Uint8Array | undefined } | { kind: 'unanswered' };

/** What a dead letter would keep of a message. */
interface Letter {
  bytes: Uint8Array<ArrayBuffer>;
  encoding?: string;
  fluentTag?: string;
}

const codec = codecNamed('msgpack')!;
const [mediaType] = codec.mediaTypes;

/** Never rejects. */
export async function handleMessage(arrived: Arrived, parts: MessageParts): Promise<Fate> {
  const { inFlight, note, remind, logger, from, gone, begun } = parts;
  const counted = inFlight.begin();
  const span = startMessage('forward', { 'network.transport': parts.transport });
  const letter: Letter = { bytes: arrived.bytes };
  let message: Message | undefined;
  let isFault = false;
  try {
    message = readMessage(arrived.bytes, arrived.items);
    await span.run(() => deliver(message!, arrived, letter, span, parts));
    return answered(message);
  } catch (error) {
    const problem = problemOf(error);
    span.fail(problem.code);
    const { bytes, encoding, fluentTag } = letter;
    const headers = { 'content-type': mediaType, ...(encoding && { 'content-encoding': encoding }) };
    const isHeard = message?.chunk === undefined || !gone.aborted;
    const body = { bytes, about: { headers, ...(fluentTag !== undefined && { fluentTag }) } };
    const status = await note({ problem, sender: 'keeper', from, isHeard, body, logger });
    isFault = status >= 500;
    if (isFinal(status)) return answered(message);
    if (message?.chunk === undefined) remind('lost', (suppressed) => logger.error({ suppressed }, LOST));
    return { kind: 'unanswered' };
  } finally {
    begun();
    span.end(isFault);
    free(letter.bytes);
    arrived.share.release();
    counted();
  }
}

const LOST =
  'Records are lost: their sender does not ask for acknowledgements, so it does not send them again. Set ' +
  'require_ack_response there (Fluent Bit, fluentd).';

function answered(message: Message | undefined): Fate {
  return { kind: 'answered', ack: message?.chunk && acknowledgement(message.chunk) };
}

async function deliver(
  message: Message,
  { bytes, share }: Arrived,
  letter: Letter,
  span: MessageSpan,
  { take, inflate, remind, logger, gone, begun }: MessageParts,
): Promise<void> {
  const { tag, signal, compressed } = message;
  if (signal !== 0)
    throw new Problem('forward.signal', `fluent_signal is ${signal}, under the tag ${tag.slice(0, 200)}`);
  const fluentTag = printableTag(tag);
  // A sender that waits for nothing may disconnect.
  const ended = message.chunk === undefined ? new AbortController().signal : gone;
  const { length } = bytes;
  let events = eventsOf(bytes, message);
  share.give(length - events.length);
  Object.assign(letter, { bytes: events, encoding: compressed, fluentTag } satisfies Record<keyof Letter, unknown>);
  if (compressed !== undefined) {
    const inflated = await inflate(events, compressed, share, ended);
    share.give(events.length);
    free(events);
    events = inflated;
    Object.assign(letter, { bytes: events, encoding: undefined });
  }
  span.annotate({ 'tripline.bytes': events.length, 'tripline.fluent.tag': fluentTag.slice(0, 1000) });
  // A message without records loses nothing.
  if (events.length === 0) return;
  const batch: Batch = { fluentTag, codec, bytes: events, receivedUnixNano: BigInt(Date.now()) * 1_000_000n };
  const taking = take(batch, { reply: 'none', layout: 'same' }, share, ended, 'endless');
  begun();
  try {
    const { defect } = await taking;
    if (defect !== undefined) {
      const { code, title, message, remedy, cause } = defect;
      remind('defect', () => logger.error({ problem: code, err: cause, remedy }, `${title}: ${message}`));
    }
  } finally {
    // Processing takes ownership of the bytes, and returns them on a failure.
    letter.bytes = batch.bytes as Uint8Array<ArrayBuffer>;
  }
}

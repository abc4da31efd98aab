/** Combines messages into batches as they arrive. */
import type { Message, MessagesStream } from '@platformatic/kafka';
import { messagesBody } from '../../codecs/framing/messages.ts';
import { jsonMessages, msgpackMessages, openEvent } from '../../codecs/messages.ts';
import type { KafkaInput } from '../../config/kafka-input.ts';
import type { Batch } from '../../pipeline.ts';

export type Stream = MessagesStream<Buffer, Buffer, Buffer, Buffer>;

export interface MessageReader {
  /** The next messages, all of one topic; waits until there are some. Undefined when the stream or its use has ended.
   * @throws the error that has ended the stream */
  next(): Promise<readonly Message[] | undefined>;
}

/** Reading from the stream makes it fetch more, so it rests while nobody asks.
 * @param ended aborts when no more is wanted */
export function readMessages(
  stream: Stream,
  { maxBytes, maxMessages }: { maxBytes: number; maxMessages: number },
  ended: AbortSignal,
): MessageReader {
  let wake = Promise.withResolvers<void>();
  let failure: Error | undefined;
  let first: Message | undefined;
  const rouse = () => wake.resolve();
  stream.on('readable', rouse);
  stream.on('close', rouse);
  stream.on('error', (error) => {
    failure = error;
    rouse();
  });
  ended.addEventListener('abort', rouse, { once: true });

  function take(): Message[] {
    const messages: Message[] = [];
    let bytes = 0;
    for (;;) {
      const message = first ?? (stream.read() as Message | null);
      first = undefined;
      if (message === null) return messages;
      const { length } = message.value ?? nothing;
      const isOther = messages.length > 0 && message.topic !== messages[0]!.topic;
      if (isOther || messages.length === maxMessages || (messages.length > 0 && bytes + length > maxBytes)) {
        first = message;
        return messages;
      }
      messages.push(message);
      bytes += length;
    }
  }

  return {
    async next() {
      for (;;) {
        if (ended.aborted) return undefined;
        if (failure !== undefined) throw failure;
        wake = Promise.withResolvers();
        const messages = take();
        if (messages.length > 0) return messages;
        if (stream.destroyed) return undefined;
        await wake.promise;
      }
    },
  };
}

const nothing = Buffer.alloc(0);
const MILLISECOND = 1_000_000n;

/** A batch of messages of one topic, whose name serves as the Fluent tag. */
export function batchOf(
  messages: readonly Message[],
  format: KafkaInput['format'],
  { session, member }: { session: string; member: NonNullable<Batch['origin']>['member'] },
): Batch & { bytes: Buffer<ArrayBuffer>; origin: NonNullable<Batch['origin']> } {
  const { topic } = messages[0]!;
  const receivedUnixNano = BigInt(Date.now()) * MILLISECOND;
  const bytes = messagesBody(
    messages.map(({ partition, offset, value, timestamp }) => {
      // A message without a value says that its key is to be forgotten.
      const content = value ?? nothing;
      const time = timestamp > 0n ? timestamp * MILLISECOND : receivedUnixNano;
      return { partition, offset, parts: format === 'json' ? [content] : [openEvent(time), content] };
    }),
  );
  const last = new Map(messages.map(({ partition, offset }) => [partition, offset]));
  const offsets = [...last].map(([partition, offset]) => ({ partition, offset }));
  const codec = format === 'json' ? jsonMessages : msgpackMessages;
  return { fluentTag: topic, codec, bytes, receivedUnixNano, origin: { session, topic, offsets, member } };
}

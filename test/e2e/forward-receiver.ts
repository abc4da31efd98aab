/** A Fluent Forward receiver that acknowledges everything and keeps, for each record, what distinguishes it from others. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { decode, encode } from '@msgpack/msgpack';
import { endOfValue, valuesIn } from './msgpack-spans.ts';

/** One record as it arrived. */
export interface Arrival {
  fluentTag: string;
  /** Hexadecimal: seconds and nanoseconds of an EventTime, 32 bits each. */
  eventTime: string;
  /** Hexadecimal MessagePack of the keys and values: Fluent Bit itself writes the header of a map in more than one width. */
  metadata: string;
  /** Digest of the bytes of all keys and values in order, without the member `tripline`. */
  body: string;
  verdict: string | undefined;
  findingIds: string[];
  /** Names of the rules that found something in the record itself, without correlations, which depend on the order. */
  rules: string[];
}

export interface ForwardReceiver {
  port: number;
  /** By the key of the record, in order of arrival. */
  arrivals: Map<string, Arrival[]>;
  /** All arrivals, including duplicates. */
  count(): number;
  close(): Promise<void>;
}

/** Finds the unique key of a record in its body (MessagePack). */
type KeyOf = (body: Buffer) => string | undefined;

export async function startForwardReceiver(port: number, keyOf: KeyOf): Promise<ForwardReceiver> {
  const arrivals = new Map<string, Arrival[]>();
  const sockets = new Set<Socket>();
  let count = 0;

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let unread: Buffer = Buffer.alloc(0);
    socket.on('data', (data: Buffer) => {
      unread = Buffer.concat([unread, data]);
      for (let end = endOfValue(unread, 0); end !== undefined; end = endOfValue(unread, 0)) {
        take(unread.subarray(0, end), socket);
        unread = unread.subarray(end);
      }
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  function take(message: Buffer, socket: Socket) {
    const [tag, entries, options] = valuesIn(message, 0);
    const fluentTag = decode(tag) as string;
    for (const entry of valuesIn(entries, 0)) {
      const [key, arrival] = readEntry(entry, fluentTag, keyOf);
      count += 1;
      const earlier = arrivals.get(key);
      if (earlier === undefined) arrivals.set(key, [arrival]);
      else earlier.push(arrival);
    }
    const { chunk } = decode(options) as { chunk: string };
    socket.write(encode({ ack: chunk }));
  }

  return {
    port,
    arrivals,
    count: () => count,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Reads `[[EventTime, metadata], body]`. */
function readEntry(entry: Buffer, fluentTag: string, keyOf: KeyOf): [key: string, arrival: Arrival] {
  const [header, body] = valuesIn(entry, 0);
  const [time, metadata] = valuesIn(header, 0);
  const key = keyOf(body);
  if (key === undefined) throw new Error(`a record without a key came back: ${JSON.stringify(decode(body))}`);

  const digest = createHash('sha1');
  let tag: { verdict?: string; findings?: { id: string; rule: string; correlation?: unknown }[] } = {};
  const members = valuesIn(body, 0);
  for (let index = 0; index < members.length; index += 2) {
    if (members[index].equals(triplineKey)) tag = decode(members[index + 1]) as typeof tag;
    else digest.update(members[index]).update(members[index + 1]);
  }
  const arrival = {
    fluentTag,
    // After the header of the fixext8 and its type.
    eventTime: time.subarray(2).toString('hex'),
    metadata: Buffer.concat(valuesIn(metadata, 0)).toString('hex'),
    body: digest.digest('base64'),
    verdict: tag.verdict,
    findingIds: tag.findings?.map(({ id }) => id) ?? [],
    rules: tag.findings?.filter(({ correlation }) => correlation === undefined).map(({ rule }) => rule) ?? [],
  };
  return [key, arrival];
}

const triplineKey = Buffer.from(encode('tripline'));

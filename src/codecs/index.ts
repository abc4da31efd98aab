/** The byte layouts that Tripline reads and tags. */
import type { Codec } from './codec.ts';
import { eventList, firehose } from './items.ts';
import { json } from './json.ts';
import { jsonMessages, msgpackMessages } from './messages.ts';
import { msgpack } from './msgpack.ts';
import { ndjson } from './ndjson.ts';
import { otlp } from './otlp.ts';
import { otlpJson } from './otlp-json.ts';

export const codecs: readonly Codec[] = [
  json,
  ndjson,
  msgpack,
  otlp,
  otlpJson,
  eventList,
  firehose,
  jsonMessages,
  msgpackMessages,
];

const byName = new Map(codecs.map((codec) => [codec.name, codec]));
/** The first of several codecs: the others are chosen by a source. */
const byMediaType = new Map(
  codecs.toReversed().flatMap((codec) => codec.mediaTypes.map((mediaType) => [mediaType, codec])),
);

/** The codec with a name; undefined if there is none. */
export function codecNamed(name: string): Codec | undefined {
  return byName.get(name);
}

/** The codec for a Content-Type, whose parameters and case are ignored; undefined if there is none. */
export function codecFor(mediaType: string | undefined): Codec | undefined {
  const [essence = ''] = (mediaType ?? '').split(';', 1);
  return byMediaType.get(essence.trim().toLowerCase());
}

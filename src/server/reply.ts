/** What a sender gets back: its records, the matches among them, a summary, or nothing. */
import { selected } from '../batch/selected.ts';
import { taggedBody } from '../batch/splice.ts';
import type { Codec } from '../codecs/codec.ts';
import type { Reply } from '../config/index.ts';
import { type Detection, isFound } from '../detect.ts';
import type { ProcessedBatch } from '../pipeline.ts';
import { verdicts } from '../tag.ts';
import { avroMediaType, type ReplyBody } from './processor.ts';

/** The body of a reply, in the layout that the records came in, or in Avro; undefined if none is wanted. */
export async function replyTo(
  batch: ProcessedBatch,
  reply: Reply,
  layout: 'same' | 'avro',
): Promise<ReplyBody | undefined> {
  switch (reply) {
    case 'none':
      return undefined;
    case 'summary':
      return { mediaType: 'application/json', body: Buffer.from(`${JSON.stringify(summaryOf(batch))}\n`) };
    case 'records':
      return layout === 'avro'
        ? avroReply(batch, () => true)
        : plainReply(batch.codec, taggedBody(batch, endOf(batch.codec, batch.bytes)));
    case 'matches': {
      const isWanted = (index: number) => isFoundIn(batch.detections[index]);
      if (layout === 'avro') return avroReply(batch, isWanted);
      // A request for part of a list gets an array, whatever contains the list and however large that part is.
      const matches = selected(batch, isWanted, batch.codec.notation === 'json');
      const body = matches === undefined ? batch.codec.frame([]) : taggedBody(matches);
      return plainReply(batch.codec, Buffer.concat([body, endOf(batch.codec, body)]));
    }
  }
}

/** In the layout that the records came in. */
function plainReply({ mediaTypes: [mediaType] }: Codec, body: Uint8Array): ReplyBody {
  return { mediaType, body };
}

/** Ends the last line of JSON, for those who read it on a terminal. */
function endOf({ mediaTypes: [mediaType] }: Codec, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return mediaType === 'application/json' && body.at(-1) !== LINE_FEED[0] ? LINE_FEED : new Uint8Array();
}

const LINE_FEED = Uint8Array.of(0x0a);

/** Few ask for Avro, and its encoder is large to load. */
async function avroReply(batch: ProcessedBatch, isWanted: (index: number) => boolean): Promise<ReplyBody> {
  const { encodeContainer } = await import('../avro/container.ts');
  return { mediaType: avroMediaType, body: await encodeContainer(batch, isWanted) };
}

function isFoundIn(detection: Detection | undefined): boolean {
  return detection !== undefined && isFound(detection);
}

/** Counts, whose size does not grow with the batch. */
export interface Summary {
  records: number;
  verdicts: Record<string, number>;
  /** Findings and reports by rule: the twenty most frequent. */
  rules: Record<string, number>;
}

function summaryOf({ detections }: ProcessedBatch): Summary {
  const counted = Object.fromEntries(verdicts.map((verdict) => [verdict, 0]));
  const rules = new Map<string, number>();
  let records = 0;
  for (const detection of detections) {
    if (detection === undefined) continue;
    records++;
    counted[detection.verdict]++;
    if (!('findings' in detection)) continue;
    for (const { rule } of detection.findings) rules.set(rule, (rules.get(rule) ?? 0) + 1);
    for (const { rule } of detection.reports) rules.set(rule, (rules.get(rule) ?? 0) + 1);
  }
  const frequent = [...rules].sort(([, a], [, b]) => b - a).slice(0, 20);
  return { records, verdicts: counted, rules: Object.fromEntries(frequent) };
}

/** Masks Secrets, credentials and named paths in batches, in place in their bytes. */
import { createHmac, randomBytes } from 'node:crypto';
import { digestOf } from '../batch/digest.ts';
import { applyEdits, inOrder, lengthAfter } from '../batch/splice.ts';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import type { Edit } from '../codecs/codec.ts';
import type { LogRecord } from '../record.ts';
import type { Tag } from '../tag.ts';
import { UNFOLD_BYTES } from './contents.ts';
import { Masked } from './masked.ts';
import { json } from './notations/json.ts';
import { msgpack } from './notations/msgpack.ts';
import { type Policy, policyOf, type RedactSettings } from './policy.ts';
import { maskedTag, redactedTag } from './tag.ts';
import { MARKER, type Notation, TooManyValues } from './tree.ts';
import { OUTSIDE, type Outcome, type Surroundings, Walk } from './walk.ts';

export type { RedactSettings };

/** The notations in which records come; those of OTLP have been converted to log events. */
const notations: Readonly<Record<Exclude<TaggedBatch['codec']['notation'], 'otlp'>, Notation>> = { json, msgpack };

/** Keys the digest of a batch that was changed: without it, a masked value could be found by trying candidates. */
const key = randomBytes(32);

/** Masks a batch. What is not masked stays byte for byte; a batch with nothing to mask is returned itself.
 * @param onDefect called for a record that could not be processed, and is masked as a whole */
export function redactor(
  settings: RedactSettings,
  onDefect: (error: unknown) => void,
): (batch: TaggedBatch) => TaggedBatch {
  const policy = policyOf(settings);
  const unchanged = new WeakSet<Tag>();
  return (batch) => {
    const { fluentTag, codec, bytes, records, memberName, dateKey, receivedUnixNano, origin } = batch;
    if (codec.notation === 'otlp') throw new Error('records of OTLP are masked as log events');
    const notation = notations[codec.notation];
    const budget = { remaining: UNFOLD_BYTES };
    const edits: Edit[] = [];
    let isChanged = false;
    const tags: (Tag | undefined)[] = [];
    for (const [index, record] of records.entries()) {
      const redacted = redactRecord({
        bytes,
        record,
        tag: batch.tags[index],
        notation,
        policy,
        budget,
        unchanged,
        onDefect,
      });
      for (const edit of redacted.edits) edits.push(edit);
      tags.push(redacted.tag);
      isChanged ||= redacted.edits.length > 0 || redacted.tag !== batch.tags[index];
    }
    if (!isChanged) return batch;
    return {
      ...{ fluentTag, codec, memberName, dateKey, receivedUnixNano, tags, ...(origin && { origin }) },
      bytes: applyEdits(bytes, { start: 0, end: bytes.length }, inOrder(edits, codec.enclose?.(bytes, edits))),
      records: movedBy(edits, records),
      partOf: createHmac('sha256', key).update(digestOf(batch)).digest('base64'),
    };
  };
}

interface Given {
  bytes: Uint8Array;
  record: LogRecord;
  tag: Tag | undefined;
  notation: Notation;
  policy: Policy;
  budget: Surroundings['budget'];
  /** Tags with nothing to mask. */
  unchanged: WeakSet<Tag>;
  onDefect: (error: unknown) => void;
}

function redactRecord(given: Given): Redacted {
  try {
    return editsOf(given);
  } catch (error) {
    if (!(error instanceof TooManyValues)) given.onDefect(error);
    return wholeOf(given);
  }
}

interface Redacted {
  edits: readonly Edit[];
  tag: Tag | undefined;
}

function editsOf(given: Given): Redacted {
  const { bytes, record, tag, policy, budget } = given;
  const masked = new Masked();
  const isUnread = tag?.verdict === 'not_audit' || tag?.verdict === 'error';
  const around = { policy, masked, budget, isUnread };
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + record.start, record.end - record.start);
  const outcome = isUnread || policy.mayHold(raw.toString('latin1')) ? outcomeIn(given, around) : [];
  if (outcome === 'whole') return wholeOf(given);
  // Checked here, as the edits are applied to the whole batch, where a defect would affect all records.
  lengthAfter(record, outcome);
  return { edits: outcome, tag: tag && tagOf(tag, given, masked) };
}

function wholeOf({ bytes, record, tag, notation }: Given): Redacted {
  return { edits: [notation.whole(bytes, record)], tag: tag && maskedTag(tag) };
}

/** Remembers tags with nothing to mask, whatever the record, as records share tags. */
function tagOf(tag: Tag, { policy, budget, unchanged }: Given, masked: Masked): Tag {
  if (!masked.isAny && unchanged.has(tag)) return tag;
  const around = { policy, masked: new Masked(), budget, isUnread: false };
  const redacted = redactedTag(tag, policy, masked, (text) => cleanText(text, around));
  if (redacted === tag) unchanged.add(tag);
  return redacted;
}

function outcomeIn(given: Given, around: Surroundings): Outcome {
  const { bytes, record, notation } = given;
  if (notation !== json) return editsOfValues(given, around);
  const { start, end } = record;
  // A record in JSON is handled like a text with JSON in it.
  const outcome = outcomeOf(bytes.subarray(start, end), around);
  if (outcome === 'whole') return outcome;
  return outcome.map((edit) => ({ ...edit, start: start + edit.start, end: start + edit.end }));
}

function outcomeOf(content: Uint8Array, around: Surroundings): Outcome {
  return new Walk(json, content, NOTHING, around).outcome(content, OUTSIDE, 0);
}

const NOTHING = { root: { kind: 'null', start: 0, end: 0 }, end: 0, isCut: false } as const;

function editsOfValues({ bytes, record, notation }: Given, around: Surroundings): Outcome {
  const edits: Edit[] = [];
  for (let at = record.start; at < record.end; ) {
    const tree = notation.read(bytes, at, record.end);
    if (tree.isCut) return 'whole';
    const walk = new Walk(notation, bytes, tree, around);
    walk.value(tree.root, OUTSIDE);
    for (const edit of walk.edits) edits.push(edit);
    at = tree.end;
  }
  return edits;
}

/** A text of a tag without what can be recognized by itself as something to mask. */
function cleanText(text: string, around: Surroundings): string {
  if (!around.policy.mayHold(text)) return text;
  const content = Buffer.from(text);
  const outcome = outcomeOf(content, around);
  if (outcome === 'whole') return MARKER;
  return outcome.length === 0
    ? text
    : Buffer.from(applyEdits(content, { start: 0, end: content.length }, outcome)).toString();
}

/** Where the records lie after the edits. */
function movedBy(edits: readonly Edit[], records: readonly LogRecord[]): LogRecord[] {
  let next = 0;
  let shift = 0;
  /** The new place of an offset; call it in ascending order. */
  const moved = (offset: number) => {
    for (; next < edits.length && edits[next]!.end <= offset; next++) {
      const { start, end, insert } = edits[next]!;
      shift += insert.length - (end - start);
    }
    return offset + shift;
  };
  return records.map((record) => {
    const start = moved(record.start);
    if (record.kind !== 'map') return { ...record, start, end: moved(record.end) };
    const map = { start: moved(record.map.start), end: moved(record.map.end) };
    return { ...record, start, map, end: moved(record.end) };
  });
}

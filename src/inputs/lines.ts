/** The lines of a log as batches of JSON lines. A line that is not a JSON map becomes the record `{"log": "<the line>"}`, as
 * in Fluent Bit, so that what surrounds an event in a text is removed in the same place for both. */
import { isUtf8 } from 'node:buffer';
import type { Codec } from '../codecs/codec.ts';
import { ndjson } from '../codecs/ndjson.ts';
import { skipByteOrderMark, skipSpace } from '../json/scan.ts';
import { Problem } from '../problem.ts';
import { isMapLine } from './guess-codec.ts';
import { joinedLines, type Line } from './joined-lines.ts';

const NUL = 0x00;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const LINE_END = Uint8Array.of(LINE_FEED);
/** Bytes of a batch of lines; a longer line is a batch of its own. */
const BATCH_BYTES = 1024 * 1024;
/** Bytes of a text that becomes a record. In JSON they may be six times as many, and a string holds half a gigabyte. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** Where a record is from. */
export interface LineOf {
  /** Of the file, from 1. */
  number: number;
  /** json: a map, read as it is; text: made a record here; broken: text that begins as a map does. */
  kind: 'json' | 'text' | 'broken';
}

export interface LinesBatch {
  codec: Codec;
  bytes: Uint8Array;
  /** One for each record. */
  lines: readonly LineOf[];
}

/** JSON lines. A line that was left as it was, because it could not become a record, is described without its place in the
 * batch, which is not its place in the file. */
const lineRecords: Codec = {
  ...ndjson,
  decode: (bytes, limits, outlines) =>
    ndjson.decode(bytes, limits, outlines).map((record) => {
      if (record.kind !== 'other') return record;
      const detail = `it is neither JSON nor UTF-8 text of at most ${MAX_TEXT_BYTES} bytes`;
      return { ...record, problem: new Problem('record.malformed', detail) };
    }),
};

export interface LineReader {
  /** Reads whole lines, or the last one without its end. */
  read(block: Uint8Array): Generator<LinesBatch>;
  /** What is left when no line follows. */
  rest(): Generator<LinesBatch>;
}

/** Reads the lines of one file.
 * @param maxBytes of a line that was joined from several */
export function lineReader(maxBytes: number): LineReader {
  const joiner = joinedLines(maxBytes);
  const draft = startDraft();
  let number = 1;
  /** Whether the last line has no end: anything held before it is written after it. */
  let isOpen = false;

  /** Adds one line after another to the batch. */
  function* add(complete: readonly Line[]): Generator<LinesBatch> {
    for (const line of complete) {
      const { bytes, kind } = recordOf(line.bytes);
      if (isOpen) draft.add(LINE_END);
      isOpen = line.end.length === 0;
      draft.add(bytes);
      draft.add(line.end);
      if (!isBlank(bytes)) draft.lines.push({ number: line.number, kind });
      if (draft.size() >= BATCH_BYTES) yield draft.take();
    }
  }
  return {
    *read(block) {
      let nul = -1;
      for (let start = 0; start < block.length; ) {
        const text = endOfRun(block, LINE_FEED, start);
        // Blank lines, of which there may be millions.
        if (text > start) {
          draft.add(block.subarray(start, text));
          number += text - start;
          start = text;
          if (draft.size() >= BATCH_BYTES) yield draft.take();
          continue;
        }
        // Searched once for all lines before it. A NUL ends a line as well: what follows one was written to an emptied file.
        if (nul < start) nul = indexOrEnd(block, NUL, start);
        const stop = indexOrEnd(block.subarray(0, nul), LINE_FEED, start);
        const isLineFeed = stop < nul;
        const end = isLineFeed && stop > start && block[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop;
        const next = Math.min(stop + 1, block.length);
        const lineEnd = isLineFeed || stop === next ? block.subarray(end, next) : LINE_END;
        const line = { number, bytes: block.subarray(start, end), end: lineEnd };
        yield* add(isBlank(line.bytes) ? [line] : joiner.take(line));
        if (isLineFeed) number++;
        start = next;
      }
    },
    *rest() {
      yield* add(joiner.rest());
      if (draft.size() > 0) yield draft.take();
    },
  };
}

/** A batch that grows. */
function startDraft() {
  let parts: Uint8Array[] = [];
  let size = 0;
  const draft = {
    lines: [] as LineOf[],
    size: () => size,
    add(bytes: Uint8Array) {
      size += bytes.length;
      parts.push(bytes);
    },
    take(): LinesBatch {
      const batch = { codec: lineRecords, bytes: Buffer.concat(parts), lines: draft.lines };
      parts = [];
      draft.lines = [];
      size = 0;
      return batch;
    },
  };
  return draft;
}

/** The offset after a run of one byte. */
function endOfRun(bytes: Uint8Array, byte: number, start: number): number {
  let at = start;
  while (bytes[at] === byte) at++;
  return at;
}

function indexOrEnd(bytes: Uint8Array, byte: number, start: number): number {
  const index = bytes.indexOf(byte, start);
  return index === -1 ? bytes.length : index;
}

function isBlank(bytes: Uint8Array): boolean {
  return skipSpace(bytes, 0, bytes.length) === bytes.length;
}

/** The beginning of a map, which a cut line has as well. */
const MAP_BEGINS = /^\s*(?:\[\s*)?\{\s*"/;

function recordOf(line: Uint8Array): { bytes: Uint8Array; kind: LineOf['kind'] } {
  const bytes = line.subarray(skipByteOrderMark(line));
  if (isMapLine(bytes) || isBlank(bytes) || bytes.length > MAX_TEXT_BYTES || !isUtf8(bytes)) {
    return { bytes, kind: 'json' };
  }
  const log = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  return { bytes: Buffer.from(JSON.stringify({ log })), kind: MAP_BEGINS.test(log) ? 'broken' : 'text' };
}

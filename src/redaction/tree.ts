/** A record as a tree of values, of which each says where it lies, whatever notation it is written in. */
import type { Edit } from '../codecs/codec.ts';
import type { LogRecord, Span } from '../record.ts';

export type Node =
  | (Span & { kind: 'map'; members: readonly Member[] })
  | (Span & { kind: 'list'; items: readonly Node[] })
  | (Span & { kind: 'text' })
  /** A number, a boolean, or what else is neither a text nor a container. */
  | (Span & { kind: 'scalar' })
  | (Span & { kind: 'null' })
  /** What is not read: it nests too deep. */
  | (Span & { kind: 'opaque' });

export interface Member {
  key: string;
  value: Node;
}

/** A value that was read. */
export interface Tree {
  root: Node;
  /** Behind it; where it is cut, the end of what was given. */
  end: number;
  /** Set where it stops or breaks in the middle: what is after that is not in the tree, and a text may be a part of one. */
  isCut: boolean;
}

/** What a value is written in. */
export interface Notation {
  /** The value at `start`.
   * @throws TooManyValues */
  read(bytes: Uint8Array, start: number, end: number): Tree;
  /** What a text says, as bytes of UTF-8. */
  contentOf(bytes: Uint8Array, text: Span): Uint8Array;
  /** Adds the edits of a text that make the edits of what it says. */
  editText(bytes: Uint8Array, text: Span, ofContent: readonly Edit[], edits: Edit[]): void;
  /** What takes the place of what is no text: the marker of what was not read, null of a scalar. */
  write: Readonly<Record<'marker' | 'null', Uint8Array>>;
  /** The edit that leaves nothing of a record but that there is one. */
  whole(bytes: Uint8Array, record: LogRecord): Edit;
}

/** Stands where something was masked. */
export const MARKER = '[redacted]';
/** In place of a record of which nothing is shown. */
export const MASKED_RECORD = { log: MARKER };

/** Levels that are read. */
export const MAX_DEPTH = 256;

/** What a record may hold to be read, as for its evaluation. */
const MAX_VALUES = 1_000_000;

/** The record takes more memory than it is worth to read it. */
export class TooManyValues extends Error {}

/** Refuses a value that would take memory out of proportion to its size.
 * @param count counts the values in these bytes, at most one a byte
 * @throws TooManyValues */
export function checkValues(bytes: Uint8Array, { start, end }: Span, count: (bytes: Uint8Array) => number): void {
  if (end - start > MAX_VALUES && count(bytes.subarray(start, end)) > MAX_VALUES) throw new TooManyValues();
}

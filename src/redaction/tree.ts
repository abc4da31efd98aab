/** A record as a tree of values, each with its position, whatever the notation. */
import type { Edit } from '../codecs/codec.ts';
import type { LogRecord, Span } from '../record.ts';

export type Node =
  | (Span & { kind: 'map'; members: readonly Member[] })
  | (Span & { kind: 'list'; items: readonly Node[] })
  | (Span & { kind: 'text' })
  /** A number, a boolean, or anything else that is neither a text nor a container. */
  | (Span & { kind: 'scalar' })
  | (Span & { kind: 'null' })
  /** Not read, as it nests too deep. */
  | (Span & { kind: 'opaque' });

export interface Member {
  key: string;
  value: Node;
}

/** A value that was read. */
export interface Tree {
  root: Node;
  /** The offset after it; if it is cut, the end of the input. */
  end: number;
  /** Set if it stops or breaks in the middle: what follows is not in the tree, and a text may be a part of one. */
  isCut: boolean;
}

/** How values are written. */
export interface Notation {
  /** The value at `start`.
   * @throws TooManyValues */
  read(bytes: Uint8Array, start: number, end: number): Tree;
  /** The content of a text, as bytes of UTF-8. */
  contentOf(bytes: Uint8Array, text: Span): Uint8Array;
  /** Adds the edits of a text that apply the edits of its content. */
  editText(bytes: Uint8Array, text: Span, ofContent: readonly Edit[], edits: Edit[]): void;
  /** What replaces a value other than text: the marker for what was not read, null for a scalar. */
  write: Readonly<Record<'marker' | 'null', Uint8Array>>;
  /** The edit that leaves nothing of a record except that it exists. */
  whole(bytes: Uint8Array, record: LogRecord): Edit;
}

/** Replaces what was masked. */
export const MARKER = '[redacted]';
/** Replaces a record of which nothing is shown. */
export const MASKED_RECORD = { log: MARKER };

/** Levels that are read. */
export const MAX_DEPTH = 256;

/** The most values that a record may hold to be read, as for its evaluation. */
const MAX_VALUES = 1_000_000;

/** Reading the record would take more memory than it is worth. */
export class TooManyValues extends Error {}

/** Refuses a value that would take memory out of proportion to its size.
 * @param count counts the values in these bytes, at most one per byte
 * @throws TooManyValues */
export function checkValues(bytes: Uint8Array, { start, end }: Span, count: (bytes: Uint8Array) => number): void {
  if (end - start > MAX_VALUES && count(bytes.subarray(start, end)) > MAX_VALUES) throw new TooManyValues();
}

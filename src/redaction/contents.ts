/** What a text of a record holds: plain JSON, or JSON that is packed so that it cannot be changed in place. */
import { constants, gunzipSync } from 'node:zlib';
import type { Span } from '../record.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The top-level maps and lists in a text, in order; the last one may be open. */
export function documentsIn(bytes: Uint8Array): Span[] {
  const found: Span[] = [];
  let depth = 0;
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isQuoted) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isQuoted = false;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (depth++ === 0) start = at;
    } else if (depth > 0) {
      if (byte === QUOTE) isQuoted = true;
      else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) found.push({ start, end: at + 1 });
    }
  }
  if (depth > 0) found.push({ start, end: bytes.length });
  return found;
}

/** Bytes to which packed data in the records of a batch may still unfold. */
export interface UnfoldBudget {
  remaining: number;
}

export const UNFOLD_BYTES = 256 * 1024 * 1024;
const MAX_UNFOLDED_BYTES = 32 * 1024 * 1024;

/** What is packed in a text: JSON that is quoted once more, or has base64 or gzip around it. Undefined if nothing is; `unknown`
 * if it cannot be unfolded, or would take too much.
 * @param text the bytes as Latin-1 */
export function unpacked(bytes: Uint8Array, text: string, budget: UnfoldBudget): Uint8Array | 'unknown' | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return inflated(bytes, budget);
  const start = text.slice(0, 96).trimStart();
  if (/^(?:[{[]\s*\\+"|")/.test(start)) return unquoted(text);
  if (start.length < 12 || !/^[\w+/=\r\n-]+\s*$/.test(start)) return undefined;
  const [first, second] = Buffer.from(start.slice(0, 4), 'base64');
  const isGzip = first === 0x1f && second === 0x8b;
  const decoded = Buffer.from(text, 'base64');
  return isGzip ? inflated(decoded, budget) : spent(decoded, budget);
}

function spent(bytes: Uint8Array, budget: UnfoldBudget): Uint8Array | 'unknown' {
  budget.remaining -= bytes.length;
  return budget.remaining < 0 ? 'unknown' : bytes;
}

function inflated(bytes: Uint8Array, budget: UnfoldBudget): Uint8Array | 'unknown' {
  const maxOutputLength = Math.min(budget.remaining, MAX_UNFOLDED_BYTES);
  if (maxOutputLength < 1) return 'unknown';
  try {
    // Data that is cut yields what came before the cut.
    return spent(gunzipSync(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH }), budget);
  } catch {
    budget.remaining -= maxOutputLength;
    return 'unknown';
  }
}

/** The text without one layer of quotes and escapes, if it has one. */
function unquoted(text: string): Uint8Array {
  const inside = text.trim().replace(/^"/, '').replace(/"$/, '');
  const plain = inside.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? letter : String.fromCharCode(Number.parseInt(hex, 16) & 0xff),
  );
  return Buffer.from(plain, 'latin1');
}

/** Whether a text contains a part of JSON, or possibly of data in base64: lines that a log driver has split. */
export function mayBePart(text: string): boolean {
  return /"\s*:\s*(?:\\*"|[{[\d]|$)|"\s*[}\]]/.test(text) || /[A-Za-z0-9+/=]{256}/.test(text);
}

/** The same for text before, between or after maps and lists that are whole. */
export function mayBeBetween(text: string): boolean {
  return text.includes('}') || mayBePart(text);
}

/** Writes MessagePack as JSON with its values as they are: no JavaScript object in between. */
import { isUtf8 } from 'node:buffer';
import { scalars } from './decode.ts';
import { endOfValue, headerAt } from './scan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The JSON of a MessagePack value, on one line and always valid. Integers have all their digits; floats are numbers with a
 * fraction or an exponent, NaN and the infinities the texts `"NaN"`, `"Infinity"`, `"-Infinity"`. A str is its text, in which
 * U+FFFD stands for what is not UTF-8; a bin is its text if it is UTF-8, else base64; an ext is
 * `{"ext": <its type>, "data": "<base64>"}`. Keys keep their order, repeated or not; a key that is not a text is the text of
 * its JSON, a map or array as a key `{…}` or `[…]`. Nesting costs memory, not stack.
 * @param start and `end` of a value that endOfValue has delimited
 * @param first members to put before those of the value, which is a map then, as JSON without braces */
export function toJson(bytes: Uint8Array, start: number, end: number, first = ''): Uint8Array {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let result = Buffer.allocUnsafe(2 * (end - start) + first.length + 64);
  let length = 0;
  const open: { isMap: boolean; left: number }[] = [];
  let at = start;

  const reserve = (size: number) => {
    if (length + size <= result.length) return;
    const grown = Buffer.allocUnsafe(Math.max(result.length * 2, length + size));
    result.copy(grown, 0, 0, length);
    result = grown;
  };
  const put = (text: string) => {
    reserve(Buffer.byteLength(text));
    length += result.write(text, length);
  };
  const putText = (from: number, to: number, isBin: boolean) => {
    const text = source.subarray(from, to);
    const isText = isUtf8(text);
    if (isText && !wantsEscapes(text)) {
      reserve(text.length + 2);
      result[length++] = QUOTE;
      length += text.copy(result, length);
      result[length++] = QUOTE;
    } else {
      put(JSON.stringify(text.toString(isBin && !isText ? 'base64' : 'utf8')));
    }
  };
  /** A value that is not a map or array and has no text. */
  const scalar = (): string => {
    const type = source[at]!;
    if (type < 0x80 || type >= 0xe0) return String(source.readInt8(at++));
    const layout = scalars.get(type);
    if (layout === undefined) return ext();
    const [size, read] = layout;
    const value = read(source, at + 1);
    at += 1 + size;
    return type === FLOAT32 || type === FLOAT64 ? floatText(value as number) : String(value);
  };
  const ext = (): string => {
    const data = at + 2 + (EXT_LENGTH_BYTES[source[at]!] ?? 0);
    at = endOfValue(source, at, end) as number;
    return `{"ext":${source.readInt8(data - 1)},"data":"${source.toString('base64', data, at)}"}`;
  };
  const putKey = () => {
    const header = headerAt(source, at, end);
    if (header === undefined) {
      put(JSON.stringify(scalar()));
    } else if (header.kind === 'map' || header.kind === 'array') {
      // The JSON of a key within a key within a key would double with each.
      put(header.kind === 'map' ? '"{…}"' : '"[…]"');
      at = endOfValue(source, at, end) as number;
    } else {
      at = header.end + header.length;
      putText(header.end, at, header.kind === 'bin');
    }
    put(':');
  };

  for (;;) {
    const header = headerAt(source, at, end);
    if (header === undefined) {
      put(scalar());
    } else if (header.kind === 'str' || header.kind === 'bin') {
      at = header.end + header.length;
      putText(header.end, at, header.kind === 'bin');
    } else {
      const isMap = header.kind === 'map';
      put(isMap ? '{' : '[');
      if (at === start && first !== '') put(header.length > 0 ? `${first},` : first);
      at = header.end;
      if (header.length > 0) {
        open.push({ isMap, left: header.length });
        if (isMap) putKey();
        continue;
      }
      put(isMap ? '}' : ']');
    }
    // After a value.
    for (;;) {
      const container = open.at(-1);
      if (container === undefined) return result.subarray(0, length);
      if (--container.left > 0) {
        put(',');
        if (container.isMap) putKey();
        break;
      }
      put(container.isMap ? '}' : ']');
      open.pop();
    }
  }
}

const FLOAT32 = 0xca;
const FLOAT64 = 0xcb;
/** By type byte, for the ext types that state their length. */
const EXT_LENGTH_BYTES: Readonly<Record<number, number>> = { 199: 1, 200: 2, 201: 4 };

function floatText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  // What looks like an integer would be read as one.
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function wantsEscapes(text: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!;
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return true;
  }
  return false;
}

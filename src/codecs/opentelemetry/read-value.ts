/** Reads values of OTLP for evaluation; the bytes, not these values, are what is passed on. */
import { tooDeep } from '../../json/depth.ts';
import { CUT, type JsonMap, setMember } from '../../json/map.ts';
import { MAX_VALUES, tooManyValues } from '../codec.ts';
import { type List, type Message, type Scalar, walk } from './any-value.ts';

/** The value of an AnyValue, or of a list, as JSON would hold it: integers beyond 2^53 as bigint, bytes as text, nothing as
 * null; the last value of a repeated key is kept. The mark `too_deep` replaces what is below `maxDepth` levels; a map in
 * which something is malformed carries CUT.
 * @throws Problem `record.too_large` */
export function readValue(root: Message | List, { maxDepth }: { maxDepth: number }): unknown {
  const result: unknown[] = [];
  const open: (JsonMap | unknown[])[] = [result];
  /** The next key in each of the open maps and lists. */
  const keys: string[] = [''];
  let count = 0;

  const put = (value: unknown) => {
    if (++count > MAX_VALUES) throw tooManyValues();
    const into = open.at(-1)!;
    if (Array.isArray(into)) into.push(value);
    else setMember(into, keys.at(-1)!, value);
  };
  walk(root, {
    key(bytes) {
      keys[keys.length - 1] = textOf(bytes);
    },
    scalar(scalar, isWhole) {
      if (scalar !== undefined || isWhole) put(valueOfScalar(scalar));
    },
    open({ kind }) {
      if (open.length > maxDepth) {
        put(tooDeep());
        return false;
      }
      const container = kind === 'kvlist' ? {} : [];
      put(container);
      open.push(container);
      keys.push('');
      return true;
    },
    close(isCut) {
      const container = open.pop()!;
      keys.pop();
      if (isCut && !Array.isArray(container)) container[CUT] = 'cut';
    },
  });
  return result[0];
}

function valueOfScalar(scalar: Scalar): unknown {
  switch (scalar?.kind) {
    case undefined:
      return null;
    case 'bool':
      return scalar.value !== 0n;
    case 'int':
      return Number.isSafeInteger(Number(scalar.value)) ? Number(scalar.value) : scalar.value;
    case 'double':
      return scalar.value;
    case 'string':
    case 'bytes':
      return textOf(scalar.bytes);
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

/** Format detection from a file's first bytes, given any: a codec once all are available, and the same one however many more
 * follow. And its lines: each is in one record, however the file is split into chunks. */
import { layoutOf } from '../../src/inputs/guess-codec.ts';
import { lineReader } from '../../src/inputs/lines.ts';
import type { FuzzTarget } from './fuzz.ts';

const texts = [
  '{"a":1}\n{"b":[2]}\n',
  '[{"a":"\\n"},\n{}]',
  '{\n"a":\n{}}{"b":1}',
  '\ufeff \n{"a":1}',
  'cut":1}\n{"a":1}\n',
  '\0{"a":1}\0\0{"b":1}\n',
  '[info] {"a":1}\n',
];

const T = '2026-01-02T03:04:05.123Z';
const logs = [
  ...texts,
  `${T} stream\n{\n  "a": 1\n}\n${T} stream {"b":1}\n`,
  `${T} stdout P {"a":\n${T} stderr F x\r\n${T} stdout F 1}\n`,
  `${T} {job="audit"} {"a":1}\r\nip-10-0-1-2 {"b":1}\n`,
  `${T} stream\n[\n\t{\n${T} stdout P:x \n}\n`,
];

const bytesOf = (text: string) => Buffer.from(text.repeat(20));

export const inputTargets: readonly FuzzTarget[] = [
  {
    name: 'layout',
    corpus: [...texts.map(bytesOf), Buffer.from('9292d7006553f100075bcd158081a16101', 'hex')],
    run(bytes) {
      const whole = layoutOf(bytes, true);
      if (whole === undefined) throw new Error('no layout');
      const early = layoutOf(bytes.subarray(0, bytes.length >> 1), false);
      // The first attempt is at 64 KiB, or at the whole file.
      if (bytes.length > 64 && early !== undefined && early !== whole) throw new Error('more bytes changed the layout');
    },
  },
  {
    name: 'lines',
    corpus: logs.map(bytesOf),
    run(bytes) {
      // Short, so that joined lines reach it.
      const reader = lineReader(2000);
      const cut = bytes.indexOf(0x0a) + 1;
      const batches = [...reader.read(bytes.subarray(0, cut)), ...reader.read(bytes.subarray(cut)), ...reader.rest()];
      const last = bytes.filter((byte) => byte === 0x0a).length + 1;
      for (const { codec, bytes, lines } of batches) {
        if (lines.length > 0) {
          const records = codec.decode(bytes, { maxDepth: 100, maxRecords: Number.POSITIVE_INFINITY });
          if (records.length !== lines.length) throw new Error(`${records.length} records on ${lines.length} lines`);
        }
        if (lines.some(({ number }) => number < 1 || number > last)) throw new Error('a line that the file has not');
      }
    },
  },
];

/** The reader of a spool's segments and of its cursor, given any bytes: it reaches the end, skips nothing, and accepts nothing
 * as an entry that was not written as one. */
import { codecFor } from '../../src/codecs/index.ts';
import { type Position, readCursor, writeCursor } from '../../src/sinks/spool/cursor.ts';
import { batchFrom, entryFrom } from '../../src/sinks/spool/entry.ts';
import {
  encodeEntry,
  findAt,
  LINE_BYTES,
  markIn,
  newLine,
  type Readable,
  readRest,
  Source,
} from '../../src/sinks/spool/format.ts';
import { batchOf } from '../batch/batch-of.ts';
import type { FuzzTarget } from './fuzz.ts';

const bodies = [
  ['application/json', '[{"date":1,"a":"é"},{"b":[1,2]},5]'],
  ['application/x-ndjson', '{"a":1}\nno JSON\n{"tripline":{}}\n'],
] as const;

const line = newLine();
const mark = markIn(line) as Buffer;
const entries = bodies.map(([mediaType, body]) => {
  const batch = batchOf(codecFor(mediaType)!, Buffer.from(body), () => ({ v: 2, verdict: 'clear' }));
  return Buffer.concat(encodeEntry(mark, entryFrom(batch, 1_772_323_200_000)));
});
const segment = Buffer.concat([line, ...entries, ...entries]);
const written = new Set(entries.map((entry) => entry.toString('latin1')));

const fileOf = (bytes: Uint8Array): Readable => ({
  async read(buffer, offset, length, position) {
    const part = bytes.subarray(position, position + length);
    buffer.set(part, offset);
    return { bytesRead: part.length };
  },
});

export const spoolTargets: readonly FuzzTarget[] = [
  {
    name: 'spool segment',
    corpus: [segment, Buffer.concat([segment, Buffer.alloc(4096)]), segment.subarray(0, -20)],
    async run(bytes) {
      const source = new Source(fileOf(bytes), bytes.length, mark);
      let at = LINE_BYTES;
      for (let found = await findAt(source, at, false); found !== undefined; found = await findAt(source, at, false)) {
        if (found.start !== at || found.end <= at || found.end > bytes.length) throw new Error('bytes are passed over');
        at = found.end;
        if (found.kind !== 'entry') continue;
        const rest = await readRest(source, found);
        if (rest === undefined) continue;
        const entry = Buffer.from(bytes.subarray(found.start, found.end)).toString('latin1');
        if (!written.has(entry)) throw new Error('an entry that nobody has written');
        batchFrom(found.head, rest);
      }
    },
  },
  {
    name: 'spool cursor',
    corpus: [await lineOf({ segment: 7, offset: 1234 })],
    async run(bytes) {
      const read = async (buffer: Buffer) => ({ bytesRead: Buffer.from(bytes).copy(buffer), buffer });
      const cursor = await readCursor({ read } as unknown as Parameters<typeof readCursor>[0]);
      if (typeof cursor === 'object' && !(await lineOf(cursor)).equals(bytes)) throw new Error('another cursor');
    },
  },
];

/** The cursor file. */
async function lineOf(position: Position): Promise<Buffer> {
  let line = Buffer.alloc(0);
  const write = async (bytes: Buffer<ArrayBuffer>) => {
    line = bytes;
    return { bytesWritten: bytes.length, buffer: bytes };
  };
  await writeCursor({ write } as unknown as Parameters<typeof writeCursor>[0], position);
  return line;
}

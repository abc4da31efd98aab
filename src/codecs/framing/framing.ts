/** Lays records one after another as a body of their own. */
import type { LogRecord } from '../../record.ts';
import type { Selection } from '../codec.ts';

/** What stands before, between and after the records of a body. */
export interface Framing {
  open: Uint8Array;
  between: Uint8Array;
  close: Uint8Array;
}

/** @param records each with the bytes of its span */
export function frameBy(records: readonly Uint8Array[], { open, between, close }: Framing): Uint8Array {
  return Buffer.concat([open, ...records.flatMap((record, i) => (i === 0 ? [record] : [between, record])), close]);
}

/** Records of a body as a body of their own.
 * @param framingOf given the bytes of the records */
export function selectBy(framingOf: (records: readonly Uint8Array[]) => Framing) {
  return (bytes: Uint8Array, records: readonly LogRecord[]): Selection => {
    const units = records.map(({ start, end }) => bytes.subarray(start, end));
    const framing = framingOf(units);
    let at = framing.open.length;
    const moved = records.map((record) => {
      const there = movedBy(at - record.start, record);
      at = there.end + framing.between.length;
      return there;
    });
    return { bytes: frameBy(units, framing), records: moved };
  };
}

function movedBy(shift: number, record: LogRecord): LogRecord {
  const [start, end] = [record.start + shift, record.end + shift];
  if (record.kind !== 'map') return { ...record, start, end };
  return { ...record, start, end, map: { start: record.map.start + shift, end: record.map.end + shift } };
}

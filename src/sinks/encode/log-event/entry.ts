/** The form of an entry of Fluent Forward: `[[EventTime, metadata], map]`. */
import { eventTime } from '../../../time.ts';

const ARRAY_OF_TWO = Uint8Array.of(0x92);
const EMPTY_MAP = Uint8Array.of(0x80);

/** An entry from its parts.
 * @param metadata MessagePack of a map; an empty one by default
 * @param map MessagePack of a map */
export function entryFrom(unixNano: bigint, metadata: Uint8Array | undefined, map: Uint8Array): Uint8Array {
  return Buffer.concat([ARRAY_OF_TWO, ARRAY_OF_TWO, eventTime(unixNano), metadata ?? EMPTY_MAP, map]);
}

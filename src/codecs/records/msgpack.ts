/** How the map of a record in MessagePack is read. */
import { countValues as countJsonValues } from '../../json/scan.ts';
import { decode } from '../../msgpack/decode.ts';
import { countValues } from '../../msgpack/scan.ts';
import type { LogRecord } from '../../record.ts';
import { checkValues, type DecodeLimits } from '../codec.ts';

/** Reads the map of a record.
 * @throws Problem `record.too_large` */
export function readMap(bytes: Uint8Array, { map }: LogRecord & { kind: 'map' }, limits: DecodeLimits): unknown {
  checkValues(bytes, map, countValues);
  checkValues(bytes, map, countJsonValues); // of JSON in texts
  return decode(bytes, map.start, map.end, limits);
}

/** Writes snappy's framing format, which the library in use cannot. */
import { compressSync } from 'snappy';
import { maskedCrc32c } from '../../src/inputs/snappy-frames.ts';

/** @param wrongBy what is added to each checksum */
export function snappyFrames(bytes: Buffer, wrongBy = 0): Buffer {
  const frames: Uint8Array[] = [Buffer.from('\xff\x06\x00\x00sNaPpY', 'latin1')];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const data = bytes.subarray(at, at + 65_536);
    const packed = compressSync(data);
    const header = Buffer.alloc(8);
    header.writeUIntLE(packed.length + 4, 1, 3);
    header.writeUInt32LE((maskedCrc32c(data) + wrongBy) >>> 0, 4);
    frames.push(header, packed);
  }
  return Buffer.concat(frames);
}

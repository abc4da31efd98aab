/** Decompresses records of a sender that waits until there is space for them. */
import type { Config } from '../../config/index.ts';
import { Problem } from '../../problem.ts';
import type { ByteShare } from '../byte-budget.ts';
import { decompressor } from '../content-encoding.ts';

/** @param share holds the bytes; when this resolves, it holds the decompressed bytes as well
 * @throws Problem `request.encoding`, `body.corrupt` or `body.too_large`; the reason of `gone` */
export type Inflate = (
  bytes: Uint8Array<ArrayBuffer>,
  encoding: string,
  share: ByteShare,
  gone: AbortSignal,
) => Promise<Uint8Array<ArrayBuffer>>;

/** A ratio that records often reach; it is tried first, and larger ones next. */
const USUAL_RATIO = 16;
const LEAST_BYTES = 64 * 1024;
const NEXT_RATIO = 4;

/** Space is claimed first, by a guess that grows: once begun, inflating holds up the others, and must not wait. */
export function inflater(limits: Config['limits']): Inflate {
  const decompress = decompressor(limits);
  return async (bytes, encoding, share, gone) => {
    const most = limits.maxDecompressedBytes;
    for (let room = Math.max(LEAST_BYTES, bytes.length * USUAL_RATIO); ; room *= NEXT_RATIO) {
      const claimed = Math.min(room, most);
      await share.claim(claimed, gone);
      let used = 0;
      const part = {
        take(more: number) {
          if (used + more > claimed) throw new Problem('server.overloaded', 'more space was needed');
          used += more;
        },
        give: (less: number) => void (used -= less),
      };
      try {
        return await decompress(bytes, encoding, part, gone);
      } catch (error) {
        const isShort = error instanceof Problem && error.code === 'server.overloaded' && claimed < most;
        if (!isShort) throw error;
      } finally {
        share.give(claimed - used);
      }
    }
  };
}

/** Receives the body of a request, as fast as its sender sends it. */
import type { Readable } from 'node:stream';
import { freeAlone } from '../free.ts';
import { Problem } from '../problem.ts';
import type { ByteShare } from './byte-budget.ts';
import { growingBytes } from './growing-bytes.ts';

/** The whole body. Only what has arrived is counted.
 * @param payload has no other reader: its pieces are freed once they are copied
 * @param length that the sender announces, if it does
 * @throws Problem `body.too_large`, `server.overloaded`, `server.draining`, `request.too_slow`, `request.abandoned` */
export function receive(
  payload: Readable,
  length: number | undefined,
  maxBytes: number,
  share: ByteShare,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () => new Problem('body.too_large', `more than limits.maxBodyBytes, ${maxBytes} bytes`);
  if (length !== undefined && length > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const bytes = growingBytes(share, length ?? maxBytes);
    let isDone = false;
    const settle = (action: () => void) => {
      if (isDone) return;
      isDone = true;
      wait.end();
      action();
    };
    const fail = (problem: Problem) =>
      settle(() => {
        bytes.drop();
        reject(problem);
        // What still arrives is discarded, until the reply has closed the connection.
        payload.resume();
      });
    const wait = share.waitForPeer('arriving', fail);
    payload.on('data', (piece: Uint8Array) => {
      if (isDone) return;
      if (bytes.length() + piece.length > maxBytes) return fail(tooLarge());
      try {
        bytes.append(piece);
      } catch (error) {
        return fail(error as Problem);
      }
      wait.progress(piece.length);
      freeAlone(piece);
    });
    payload.on('end', () => settle(() => resolve(bytes.finish())));
    const leave = () => fail(new Problem('request.abandoned', 'the connection was closed within the body'));
    payload.on('error', leave);
    payload.on('close', leave);
  });
}

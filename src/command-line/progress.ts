/** How far a long file has been read, on a line of the terminal that is written over. */
import type { Input } from '../inputs/open.ts';
import type { Output } from './process-io.ts';

/** Short files need none. */
const FIRST_MILLISECONDS = 1000;
const NEXT_MILLISECONDS = 200;
const ERASE_LINE = '\r\x1b[K';

export interface Progress {
  /** Shows it, unless that was done a moment ago. */
  show(records: number): Promise<void>;
  /** Takes it off the screen, where something else is to be written. */
  hide(): Promise<void>;
}

/** Shows nothing where the output is no terminal. */
export function progressOf(
  { name, size, bytesRead }: Pick<Input, 'name' | 'size' | 'bytesRead'>,
  output: Output,
): Progress {
  let next = performance.now() + FIRST_MILLISECONDS;
  let isShown = false;
  return {
    async show(records) {
      const now = performance.now();
      if (output.columns === undefined || now < next) return;
      next = now + NEXT_MILLISECONDS;
      isShown = true;
      const share = size ? `${Math.floor((bytesRead() / size) * 100)} %, ` : '';
      await output.write(ERASE_LINE + `${name}: ${share}${records} records`.slice(0, output.columns - 1));
    },
    async hide() {
      if (isShown) await output.write(ERASE_LINE);
      isShown = false;
    },
  };
}

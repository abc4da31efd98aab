/** How far a long file, or a plan of many, has been read: on a line of the terminal that is written over. */
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

/** Elsewhere than on a terminal, one line in so long. */
const LINE_MILLISECONDS = 60_000;
/** Of all bytes, those after which the rest can be reckoned: before, the start of the threads is most of it. */
const KNOWN_SHARE = 0.02;

export interface UnitsProgress {
  /** Shows it, unless that was done a moment ago.
   * @param bytes that have been read
   * @param done units of which all have been */
  show(bytes: number, done: number): Promise<void>;
  hide(): Promise<void>;
}

/** Shows how far the units of a plan are, and how long the rest will take if it goes on like this.
 * @param all that there are when it begins */
export function unitsProgress(all: { bytes: number; units: number }, output: Output): UnitsProgress {
  const begun = performance.now();
  const isTerminal = output.columns !== undefined;
  let next = begun + (isTerminal ? FIRST_MILLISECONDS : LINE_MILLISECONDS);
  let isShown = false;
  return {
    async show(bytes, done) {
      const now = performance.now();
      if (now < next) return;
      next = now + (isTerminal ? NEXT_MILLISECONDS : LINE_MILLISECONDS);
      const left = bytes < KNOWN_SHARE * all.bytes ? undefined : ((now - begun) * (all.bytes - bytes)) / bytes;
      const parts = [
        `${Math.floor((bytes / Math.max(1, all.bytes)) * 100)} %`,
        `${done} of ${all.units} units`,
        ...(left === undefined ? [] : [`${durationOf(left)} left`]),
      ];
      const text = parts.join(', ');
      if (!isTerminal) return output.write(`${text}\n`);
      isShown = true;
      await output.write(ERASE_LINE + text.slice(0, output.columns! - 1));
    },
    async hide() {
      if (isShown) await output.write(ERASE_LINE);
      isShown = false;
    },
  };
}

function durationOf(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 1) return 'less than a minute';
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

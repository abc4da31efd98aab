/** Shows how far a long file, or a plan of many, has been read: on a line of the terminal that is overwritten. */
import type { Input } from '../inputs/open.ts';
import type { Output } from './process-io.ts';

/** Short files need no progress. */
const FIRST_MILLISECONDS = 1000;
const NEXT_MILLISECONDS = 200;
const ERASE_LINE = '\r\x1b[K';

export interface Progress {
  /** Shows it, unless that was done a moment ago. */
  show(records: number): Promise<void>;
  /** Removes it from the screen before something else is written. */
  hide(): Promise<void>;
}

/** Shows nothing if the output is not a terminal. */
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

/** Without a terminal, the interval between lines. */
const LINE_MILLISECONDS = 60_000;
/** The share of all bytes after which the rest can be estimated: before that, starting the threads takes most of the time. */
const KNOWN_SHARE = 0.02;

export interface UnitsProgress {
  /** Shows it, unless that was done a moment ago.
   * @param bytes that have been read
   * @param done units that have been read completely */
  show(bytes: number, done: number): Promise<void>;
  hide(): Promise<void>;
}

/** Shows how far the units of a plan are, and how long the rest will take at this rate.
 * @param all what is left to do at the start */
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

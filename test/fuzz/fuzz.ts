/** A small fuzzer: changes seeds at random, reproducibly for a seed of the random numbers, and checks that a target throws
 * nothing but problems. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../src/problem.ts';

export interface FuzzTarget {
  name: string;
  /** The inputs to be changed; at least one. */
  corpus: readonly Uint8Array[];
  /** Accepts any bytes. May throw a Problem, and nothing else. */
  run(bytes: Uint8Array): void | Promise<void>;
  /** How often `npm test` runs it, if it takes longer than most. */
  runs?: number;
}

export interface FuzzLimits {
  /** The seed of the random numbers. */
  seed: number;
  runs?: number;
  seconds?: number;
  /** The inputs to be changed, in place of the target's own. */
  corpus?: readonly Uint8Array[];
}

/** Inputs are truncated to this, so that splices do not grow without limit. */
const MAX_BYTES = 64 * 1024;

/** Runs a target until one of its limits is reached, and returns how often it ran.
 * @throws Error with the input, or the file that contains it, if the target throws anything but a Problem */
export async function fuzz(
  target: FuzzTarget,
  { seed, runs = Number.POSITIVE_INFINITY, seconds, corpus = target.corpus }: FuzzLimits,
): Promise<number> {
  const random = randomFrom(seed);
  const deadline = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
  let done = 0;
  while (done < runs && performance.now() < deadline) {
    const running = attempt(target, mutate(corpus, random));
    if (running !== undefined) await running;
    done++;
  }
  return done;
}

/** Runs a target once; returns a promise only if the target is asynchronous.
 * @throws Error with the input, or the file that contains it, if the target throws anything but a Problem */
export function attempt(target: FuzzTarget, input: Uint8Array): Promise<void> | undefined {
  const judge = (error: unknown) => {
    if (error instanceof Problem) return;
    throw new Error(`${target.name}: ${error}\n${shownInput(target.name, input)}`, { cause: error });
  };
  try {
    return target.run(input)?.catch(judge);
  } catch (error) {
    judge(error);
    return undefined;
  }
}

/** Longer inputs are not practical to copy from a terminal. */
const MAX_SHOWN_BYTES = 3000;

function shownInput(name: string, input: Uint8Array): string {
  if (input.length <= MAX_SHOWN_BYTES) return `input in base64: ${Buffer.from(input).toString('base64')}`;
  const path = join(tmpdir(), `tripline-fuzz-${name.replaceAll(' ', '-')}-${process.pid}.bin`);
  writeFileSync(path, input);
  return `input: ${path}`;
}

/** A whole number from 0 up to, but not including, the bound. */
export type Random = (bound: number) => number;

/** Mulberry32: small, and good enough for choosing bytes. */
export function randomFrom(seed: number): Random {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

/** Bytes that are significant to the formats: JSON structure, MessagePack headers, the ends of ranges. */
const TELLING = Buffer.concat([
  Buffer.from('{}[]":,\\u0tfn-.eE \n\r'),
  Buffer.from([0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xff, 0xfe]),
  Buffer.from(Array.from({ length: 0x20 }, (_, i) => 0xc0 + i)),
]);

type Mutation = (bytes: Buffer, random: Random, corpus: readonly Uint8Array[]) => Buffer;

/** A range of a text, short ones more often than long ones. */
function rangeIn(bytes: Buffer, random: Random): [start: number, end: number] {
  const start = random(bytes.length + 1);
  return [start, Math.min(bytes.length, start + random(1 << random(10)))];
}

const mutations: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = random(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << random(8));
    return bytes;
  },
  function setTelling(bytes, random) {
    bytes[random(bytes.length)] = TELLING[random(TELLING.length)]!;
    return bytes;
  },
  function tamperLength(bytes, random) {
    const at = random(bytes.length);
    bytes.subarray(at, at + 1 + random(4)).fill(random(2) === 0 ? 0xff : 0);
    return bytes;
  },
  function cut(bytes, random) {
    return bytes.subarray(0, random(bytes.length + 1));
  },
  function remove(bytes, random) {
    const [start, end] = rangeIn(bytes, random);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  function duplicate(bytes, random) {
    const [start, end] = rangeIn(bytes, random);
    const copies = Array.from({ length: 1 + random(1 << random(8)) }, () => bytes.subarray(start, end));
    return Buffer.concat([bytes.subarray(0, end), ...copies, bytes.subarray(end)]);
  },
  function splice(bytes, random, corpus) {
    const other = Buffer.from(corpus[random(corpus.length)]!);
    const [start, end] = rangeIn(other, random);
    const at = random(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(at)]);
  },
];

export function mutate(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Buffer = Buffer.from(corpus[random(corpus.length)]!);
  for (let changes = 1 + random(6); changes > 0; changes--) {
    bytes = mutations[random(mutations.length)]!(bytes, random, corpus).subarray(0, MAX_BYTES);
  }
  return bytes;
}

/** A sink that posts to a peer, with its logs, metrics and dead letters. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { type LetterHead, openDeadLetters } from '../../../src/dead-letters/index.ts';
import { openSink } from '../../../src/sinks/index.ts';
import { type Recorded, recorder } from '../contract.ts';

export interface Letter {
  head: LetterHead;
  body: Buffer;
}

/** A folder for dead letters, for the duration of the test, and its contents. */
export async function openLetters(maxBytes = 1e9) {
  const path = mkdtempSync(join(tmpdir(), 'tripline-letters-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const read = (): Letter[] =>
    readdirSync(path)
      .filter((name) => name.endsWith('.json'))
      .map((name) => ({
        head: JSON.parse(readFileSync(join(path, name), 'utf8')),
        body: readFileSync(join(path, name.replace('.json', '.body'))),
      }));
  return { path, deadLetters: await openDeadLetters(path, maxBytes), read };
}

/** A sink as its settings in a file would make it. */
export async function openConfigured(
  settings: object,
  letters?: Awaited<ReturnType<typeof openLetters>>,
  recorded = recorder(),
) {
  const overrides = { sinks: [settings] } as never;
  const config = loadConfig({ path: undefined, overrides, environment: {}, bundledRules: '.' });
  const sink = await openSink(config.sinks[0]!, { ...recorded, deadLetters: letters?.deadLetters });
  onTestFinished(() => sink.close());
  return { sink, ...(recorded as Recorded), letters: letters?.read ?? (() => []) };
}

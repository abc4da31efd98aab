/** A letter that is read back, and what becomes of one that was delivered at last. */
import { mkdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isMap } from '../json/map.ts';
import { Problem } from '../problem.ts';
import type { LetterHead } from './index.ts';

const BODY = '.body';
const HEAD = '.json';
/** Where delivered letters go; they are no longer part of the folder. */
export const DELIVERED = 'delivered';

export interface Letter {
  body: Uint8Array<ArrayBuffer>;
  /** Members that are missing, or of another type, are left out. */
  head: Pick<LetterHead, 'headers'> & Partial<Pick<LetterHead, 'time' | 'fluentTag' | 'sink' | 'path'>>;
}

/** What a file is, by its name and the files beside it: the body of a letter, the head of one, or the head of one that an
 * interruption kept from following its body; undefined for any other file.
 * @param isThere whether there is such a file */
export async function letterPart(
  path: string,
  isThere: (path: string) => boolean | Promise<boolean> = exists,
): Promise<'body' | 'head' | 'left' | undefined> {
  if (path.endsWith(BODY)) return 'body';
  if (!path.endsWith(HEAD)) return undefined;
  if (await isThere(bodyBeside(path))) return 'head';
  return (await exists(deliveredPath(bodyBeside(path)))) ? 'left' : undefined;
}

/** @param path of the body
 * @throws Problem `body.unreadable` if no head says how to read it; the system's error */
export async function readLetter(path: string): Promise<Letter> {
  const body = await readFile(path);
  let head: unknown;
  try {
    head = JSON.parse(await readFile(headBeside(path), 'utf8'));
  } catch (error) {
    const why = (error as Error).message;
    throw new Problem('body.unreadable', `${basename(headBeside(path))} must say how to read it: ${why}`);
  }
  const { time, fluentTag, sink, path: sentTo, headers } = isMap(head) ? head : {};
  return {
    body,
    head: {
      headers: isMap(headers) ? headers : {},
      ...(typeof time === 'string' && { time }),
      ...(typeof fluentTag === 'string' && { fluentTag }),
      ...(typeof sink === 'string' && { sink }),
      ...(typeof sentTo === 'string' && { path: sentTo }),
    },
  };
}

/** Moves a letter to the folder `delivered` beside it, and removes it from there if that is wanted. Its body goes first, as
 * that is what makes a letter: no interruption leaves half of one.
 * @param path of the body */
export async function settleLetter(path: string, { remove }: { remove: boolean }): Promise<void> {
  const folder = dirname(deliveredPath(path));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const parts = [path, headBeside(path)];
  for (const part of parts) {
    await rename(part, deliveredPath(part)).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  if (!remove) return;
  for (const part of parts) await rm(deliveredPath(part), { force: true });
  // Other letters may be in it.
  await rmdir(folder).catch(() => {});
}

function headBeside(body: string): string {
  return body.slice(0, -BODY.length) + HEAD;
}

export function bodyBeside(head: string): string {
  return head.slice(0, -HEAD.length) + BODY;
}

function deliveredPath(path: string): string {
  return join(dirname(path), DELIVERED, basename(path));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What can be sent again from below a path, judging by the names of the files. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { Codec } from '../../codecs/codec.ts';
import { codecNamed } from '../../codecs/index.ts';
import type { Config } from '../../config/index.ts';
import { bodyBeside, DELIVERED, letterPart, readLetter, settleLetter } from '../../dead-letters/letter.ts';
import { filesOf } from '../../inputs/files.ts';
import { openInput, STDIN } from '../../inputs/open.ts';
import { Problem } from '../../problem.ts';
import { byteBudget } from '../../server/byte-budget.ts';
import { decompressor } from '../../server/content-encoding.ts';
import { tagIn } from '../../server/fluent-tag.ts';
import { sourceAt } from '../../sources/index.ts';
import { unixNanoFromRfc3339 } from '../../time.ts';

/** What is delivered as one batch. */
export interface Body {
  codec: Codec;
  bytes: Uint8Array;
  /** Undefined if it is not known. */
  fluentTag: string | undefined;
  receivedUnixNano: bigint;
  /** Name of the one sink that it is for; without it, it is for all. */
  sink?: string;
}

/** A dead letter, or a file of records. */
export interface Source {
  /** For messages. */
  name: string;
  /** Bytes of an archive; undefined if not known. */
  size?: number;
  /** How many of them have been read. */
  bytesRead?(): number;
  /** In order, one at a time in memory.
   * @throws Problem, or the system's error, if the rest cannot be read */
  bodies(): AsyncIterable<Body>;
  /** Called when all of it was delivered. */
  settle(): Promise<void>;
}

export interface SourceSettings {
  config: Config;
  stdin: AsyncIterable<Uint8Array>;
  /** Whether letters that were delivered are removed. */
  remove: boolean;
}

/** Yields the sources below a path, in the order of their names.
 * @throws the system's error if there is no such path */
export async function* sourcesIn(path: string, settings: SourceSettings): AsyncGenerator<Source> {
  const files = path === STDIN ? [path] : await filesOf(path);
  // Looked up here, as letters are moved away meanwhile.
  const named = new Set(files);
  const isThere = files[0] === path ? undefined : (file: string) => named.has(file);
  for (const file of files) {
    const within = relative(path, file).split(sep);
    // Delivered letters, and files that were not written completely.
    if (within.slice(0, -1).includes(DELIVERED) || /\.[0-9a-f-]{36}\.part$/.test(file)) continue;
    if (await isOfSpool(file)) continue;
    if (file.endsWith('.spool')) {
      yield spooled(file);
      continue;
    }
    const part = await letterPart(file, isThere);
    if (part === undefined) yield await archive(file, settings);
    else if (part === 'body') yield letter(file, settings);
    else if (part === 'left') await settleLetter(bodyBeside(file), settings);
    // In a folder, its body is listed as well.
    else if (file === path) yield letter(bodyBeside(file), settings);
  }
}

async function archive(path: string, { config, stdin }: SourceSettings): Promise<Source> {
  const { batches, ...input } = await openInput(path, stdin, { maxBytes: config.limits.maxDecompressedBytes });
  return {
    ...input,
    async *bodies() {
      for await (const { codec, bytes, fluentTag } of batches) {
        yield { codec, bytes, fluentTag, receivedUnixNano: BigInt(Date.now()) * 1_000_000n };
      }
    },
    // The file is not a copy of ours.
    async settle() {},
  };
}

/** Whether a spool keeps this file beside its batches. */
async function isOfSpool(path: string): Promise<boolean> {
  if (!['cursor', 'lock'].includes(basename(path))) return false;
  return stat(join(dirname(path), 'set-aside')).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The part of a spool file that was not sent. */
function spooled(path: string): Source {
  return {
    name: path,
    async *bodies() {
      const { readKept, sentUpTo } = await import('../../sinks/spool/read.ts');
      let unreadable: string | undefined;
      for await (const kept of readKept(path, await sentUpTo(path))) {
        if (kept.kind === 'unreadable') unreadable ??= `bytes ${kept.start} to ${kept.end}: ${kept.reason}`;
        else {
          const { body, fluentTag, receivedUnixNano } = kept;
          const codec = codecNamed(kept.codec);
          if (codec === undefined) throw new Problem('request.media_type', `records are in the layout ${kept.codec}`);
          yield { codec, bytes: body, fluentTag, receivedUnixNano };
        }
      }
      if (unreadable !== undefined) throw new Problem('body.corrupt', unreadable);
    },
    // The spool counts what it has, and knows what it has sent.
    async settle() {},
  };
}

function letter(path: string, { config, remove }: SourceSettings): Source {
  return {
    name: path,
    async *bodies() {
      const { body, head } = await readLetter(path);
      const mediaType = textIn(head.headers['content-type']);
      const codec = sourceAt(head.path).codecFor(mediaType);
      if (codec === undefined) throw new Problem('request.media_type', `Content-Type is ${mediaType ?? 'missing'}`);
      const encoding = textIn(head.headers['content-encoding']);
      // Nothing else needs memory, and no client can disconnect.
      const share = byteBudget(Number.POSITIVE_INFINITY).open();
      const bytes = await decompressor(config.limits)(body, encoding, share, new AbortController().signal);
      yield {
        codec,
        bytes,
        fluentTag: head.fluentTag ?? tagIn(textIn(head.headers[config.tagHeader.toLowerCase()])),
        receivedUnixNano: unixNanoFromRfc3339(head.time ?? '') ?? BigInt(Date.now()) * 1_000_000n,
        ...(head.sink !== undefined && { sink: head.sink }),
      };
    },
    settle: () => settleLetter(path, { remove }),
  };
}

function textIn(header: unknown): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

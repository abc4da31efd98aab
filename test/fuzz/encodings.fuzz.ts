/** Decompression, given any bytes: of a request's body, and of a file that `scan` reads as batches. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { compressSync } from 'snappy';
import { batchesOf } from '../../src/inputs/batches.ts';
import { decompressed } from '../../src/inputs/file-compression.ts';
import { byteBudget } from '../../src/server/byte-budget.ts';
import { decompressor } from '../../src/server/content-encoding.ts';
import { limits } from '../server/app.ts';
import type { FuzzTarget } from './fuzz.ts';

const text = Buffer.from('{"auditID":"a","verb":"get"}\n2026-01-02T03:04:05Z stdout F {"b":[1,2]}\n'.repeat(8));
const chunk = (kind: number, content: Uint8Array) => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(kind + ((content.length + 4) << 8));
  return Buffer.concat([head, content]);
};
const framed = (...chunks: Uint8Array[]) => Buffer.concat([Buffer.from('\xff\x06\x00\x00sNaPpY', 'latin1'), ...chunks]);

const encodings = { gzip: gzipSync(text), zstd: zstdCompressSync(text), snappy: compressSync(text) };
const small = { ...limits, maxDecompressedBytes: 1024 * 1024 };
const budget = byteBudget(8 * small.maxDecompressedBytes);
const decompress = decompressor(small);
const { signal } = new AbortController();

async function* cut(bytes: Uint8Array) {
  yield bytes.subarray(0, bytes.length >> 1);
  yield bytes.subarray(bytes.length >> 1);
}

export const encodingTargets: readonly FuzzTarget[] = [
  ...Object.entries(encodings).map(([name, body]) => ({
    name: `encoding ${name}`,
    runs: 500,
    corpus: [body],
    async run(bytes: Uint8Array) {
      const share = budget.open();
      try {
        const { length } = await decompress(Uint8Array.from(bytes), name, share, signal);
        if (length > small.maxDecompressedBytes) throw new Error('more than the limit');
      } finally {
        share.release();
      }
    },
  })),
  {
    name: 'file',
    runs: 300,
    corpus: [
      ...[text, encodings.gzip, encodings.zstd, Buffer.concat([encodings.gzip, encodings.gzip])],
      ...[framed(chunk(0, encodings.snappy)), framed(chunk(1, text), chunk(0xfe, Buffer.from('pad')))],
      Buffer.from('9292d7006553f100075bcd158081a16101'.repeat(20), 'hex'),
    ],
    async run(bytes) {
      for await (const { codec, bytes: batch, lineOf } of batchesOf(decompressed(cut(bytes)), { maxBytes: 100_000 })) {
        const records = codec.decode(batch, { maxDepth: 64, maxRecords: 100_000 });
        for (const [index, { start }] of records.entries()) lineOf(index, start);
      }
    },
  },
];

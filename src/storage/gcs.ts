/** Google Cloud Storage, through its client: credentials are the Application Default Credentials. */

import type { Address } from './address.ts';
import { connectionFailure, kindOfStatus, oneLine } from './failures.ts';
import type { Environment, Failure, ObjectStore } from './object-store.ts';

/** One row of a page of the list, as the API has it. */
interface Metadata {
  size?: string | number;
  generation?: string | number;
}

export async function openGcs({ bucket: name }: Address, environment: Environment): Promise<ObjectStore> {
  const { Storage } = await import('@google-cloud/storage');
  const apiEndpoint = environment.TRIPLINE_GCS_ENDPOINT;
  const useAuthWithCustomEndpoint = apiEndpoint?.startsWith('https:') ?? false;
  const bucket = new Storage(apiEndpoint === undefined ? {} : { apiEndpoint, useAuthWithCustomEndpoint }).bucket(name);
  return {
    async *list(prefix) {
      let pageToken: string | undefined;
      do {
        const [files, next] = await bucket.getFiles({ prefix, pageToken, autoPaginate: false });
        yield files.map(({ name: key, metadata }) => {
          const { size, generation } = metadata as Metadata;
          return { key, size: Number(size), version: String(generation) };
        });
        pageToken = (next as { pageToken?: string } | null)?.pageToken;
      } while (pageToken !== undefined);
    },
    async *read({ key, version }, from, signal) {
      // An object whose metadata says gzip would otherwise come decompressed, and no part of that can be requested.
      const file = bucket.file(key, { generation: version });
      const stream = file.createReadStream({ start: from, decompress: false, validation: false });
      const stop = () => stream.destroy();
      signal.addEventListener('abort', stop, { once: true });
      try {
        yield* stream;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    async put(key, path) {
      await bucket.upload(path, { destination: key, resumable: false });
    },
    failureOf,
    close() {},
  };
}

interface ApiError extends Error {
  code?: number | string;
  status?: number;
  errors?: { reason?: string }[];
}

function failureOf(error: unknown): Failure {
  const { message, code, status, errors } = error as ApiError;
  const number = typeof code === 'number' ? code : (status ?? (/^\d{3}$/.test(code ?? '') ? Number(code) : undefined));
  const said = oneLine([number, errors?.[0]?.reason, message].filter(Boolean).join(' '));
  if (/could not load the default credentials|could not refresh access token/i.test(message)) {
    return { kind: 'no_credentials', said };
  }
  if (/invalid_grant|token.*expired|reauth/i.test(message)) return { kind: 'expired', said };
  if (number === 404 && /bucket/i.test(message)) return { kind: 'no_bucket', said };
  // An object that was written again has lost the generation that it was listed with.
  if (number !== undefined) return { kind: kindOfStatus(number), said };
  return connectionFailure(error) ?? { kind: 'unknown', said };
}

/** Amazon S3, and storage that speaks its protocol, through the SDK of AWS: credentials are those of its default chain. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Address } from './address.ts';
import { connectionFailure, kindOfStatus, oneLine } from './failures.ts';
import type { Environment, Failure, FailureKind, ObjectStore, StoredObject } from './object-store.ts';

const CONNECT_MILLISECONDS = 10_000;
const ATTEMPTS = 4;

const kinds: Readonly<Record<string, FailureKind>> = {
  CredentialsProviderError: 'no_credentials',
  InvalidAccessKeyId: 'refused',
  SignatureDoesNotMatch: 'refused',
  RequestTimeTooSkewed: 'refused',
  InvalidToken: 'refused',
  ExpiredToken: 'expired',
  ExpiredTokenException: 'expired',
  TokenRefreshRequired: 'expired',
  AccessDenied: 'denied',
  AllAccessDisabled: 'denied',
  NoSuchBucket: 'no_bucket',
  NoSuchKey: 'no_object',
  PreconditionFailed: 'changed',
  PermanentRedirect: 'region',
  AuthorizationHeaderMalformed: 'region',
  IllegalLocationConstraintException: 'region',
  InvalidObjectState: 'archived',
  SlowDown: 'passing',
  InternalError: 'passing',
  ServiceUnavailable: 'passing',
};

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export async function openS3({ bucket }: Address, environment: Environment): Promise<ObjectStore> {
  const { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const endpoint = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
  const client = new S3Client({
    maxAttempts: ATTEMPTS,
    followRegionRedirects: true,
    // Storage other than that of AWS seldom has a host name for each bucket.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(endpoint !== undefined && environment.AWS_REGION === undefined && { region: 'us-east-1' }),
    // It warns on stderr about what is reported as an error here.
    logger: silent,
    requestHandler: { connectionTimeout: CONNECT_MILLISECONDS },
    // Other storage does not support the checksums of AWS.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return {
    async *list(prefix) {
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
        );
        yield (page.Contents ?? []).map(objectOf).filter((object) => object !== undefined);
        const next = page.IsTruncated ? page.NextContinuationToken : undefined;
        // A storage that says there is more, but not where, would be asked for the first page forever.
        if (page.IsTruncated && (next === undefined || next === token))
          throw new Error('a page of the list names no next one');
        token = next;
      } while (token !== undefined);
    },
    async *read({ key, version }, from, signal) {
      const { Body } = await client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          IfMatch: version,
          ...(from > 0 && { Range: `bytes=${from}-` }),
        }),
        { abortSignal: signal },
      );
      yield* Body as Readable;
    },
    async put(key, path) {
      const { size } = await stat(path);
      const Body = createReadStream(path);
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentLength: size }));
    },
    failureOf,
    close: () => client.destroy(),
  };
}

function objectOf({ Key, Size, ETag }: { Key?: string; Size?: number; ETag?: string }): StoredObject | undefined {
  return Key === undefined ? undefined : { key: Key, size: Size ?? 0, version: ETag ?? '' };
}

interface ServiceError extends Error {
  Code?: string;
  $metadata?: { httpStatusCode?: number };
}

function failureOf(error: unknown): Failure {
  const { name, message, Code, $metadata } = error as ServiceError;
  const code = Code ?? name;
  const status = $metadata?.httpStatusCode;
  const known = kinds[code];
  const said = oneLine([status, code === 'Error' ? undefined : code, message].filter(Boolean).join(' '));
  if (known !== undefined) return { kind: known, said };
  if (/token.*expired|expired.*token|session.*expired/i.test(message)) return { kind: 'expired', said };
  if (/region is missing/i.test(message)) return { kind: 'region', said };
  return connectionFailure(error) ?? { kind: kindOfStatus(status), said };
}

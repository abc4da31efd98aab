/** Azure Blob Storage, through its client: with a connection string, the key of the account or a SAS token. Entra ID is left
 * out: its client takes 40 MB on top of the 88 of the three others. */
import { Problem } from '../problem.ts';
import type { Address } from './address.ts';
import { connectionFailure, kindOfStatus, oneLine } from './failures.ts';
import type { Environment, Failure, FailureKind, ObjectStore } from './object-store.ts';

const kinds: Readonly<Record<string, FailureKind>> = {
  AuthenticationFailed: 'refused',
  AuthorizationFailure: 'denied',
  AuthorizationPermissionMismatch: 'denied',
  ContainerNotFound: 'no_bucket',
  BlobNotFound: 'no_object',
  ConditionNotMet: 'changed',
  BlobArchived: 'archived',
  ServerBusy: 'passing',
};

const MAX_TRIES = 4;

export async function openAzure({ account, bucket }: Address, environment: Environment): Promise<ObjectStore> {
  const azure = await import('@azure/storage-blob');
  const { AZURE_STORAGE_CONNECTION_STRING: connection, AZURE_STORAGE_KEY: key } = environment;
  const sas = environment.AZURE_STORAGE_SAS_TOKEN?.replace(/^\?/, '');
  const options = { retryOptions: { maxTries: MAX_TRIES } };
  const url = `https://${account}.blob.core.windows.net`;
  const service = connection
    ? azure.BlobServiceClient.fromConnectionString(connection, options)
    : key
      ? new azure.BlobServiceClient(url, new azure.StorageSharedKeyCredential(account!, key), options)
      : new azure.BlobServiceClient(sas ? `${url}?${sas}` : url, new azure.AnonymousCredential(), options);
  if (service.accountName !== account) {
    const message = `AZURE_STORAGE_CONNECTION_STRING is for account ${service.accountName}, the address for ${account}`;
    throw new Problem('config.invalid', message);
  }
  const container = service.getContainerClient(bucket);
  const hasCredentials = Boolean(connection || key || sas);
  return {
    async *list(prefix) {
      for await (const page of container.listBlobsFlat({ prefix }).byPage()) {
        yield page.segment.blobItems.map(({ name, properties: { contentLength, etag } }) => {
          return { key: name, size: contentLength ?? 0, version: etag };
        });
      }
    },
    async *read({ key, version }, from, abortSignal) {
      // The reader retries what breaks, from the byte that was reached.
      const { readableStreamBody } = await container.getBlobClient(key).download(from, undefined, {
        abortSignal,
        conditions: { ifMatch: version },
        maxRetryRequests: 0,
      });
      yield* readableStreamBody as AsyncIterable<Uint8Array>;
    },
    async put(key, path) {
      await container.getBlockBlobClient(key).uploadFile(path);
    },
    failureOf: (error) => failureOf(error, hasCredentials),
    close() {},
  };
}

interface RestError extends Error {
  code?: string;
  statusCode?: number;
  details?: { errorCode?: string };
}

function failureOf(error: unknown, hasCredentials: boolean): Failure {
  const { message, code: own, statusCode, details } = error as RestError;
  const code = details?.errorCode ?? own;
  const said = oneLine([statusCode, code, message].filter(Boolean).join(' '));
  if (!hasCredentials && [401, 403, 404, 409].includes(statusCode ?? 0)) return { kind: 'no_credentials', said };
  if (/signature not valid in the specified time frame|expir/i.test(message)) return { kind: 'expired', said };
  const known = kinds[code ?? ''];
  if (known !== undefined) return { kind: known, said };
  return connectionFailure(error) ?? { kind: kindOfStatus(statusCode), said };
}

/** What to report about a failure of object storage: where, what, and what to do. */
import { Problem } from '../problem.ts';
import type { Scheme } from './address.ts';
import type { Failure, FailureKind } from './object-store.ts';

type Remedies = Record<FailureKind, string>;

const common = {
  passing: 'try again; if it lasts, look at the network and at the limits of the storage',
  changed: 'it was written again while it was read: run the command again, on objects that are complete',
  no_object: 'it was there when the prefix was listed: run the command again',
  unknown: 'check that the address is of a storage service of this kind',
};

/** What to do about each kind of failure, by storage. */
const remedies: Record<Scheme, Remedies> = {
  s3: {
    ...common,
    no_credentials: 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the pod a role',
    refused: 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the clock of this machine',
    expired: 'renew the credentials (aws sso login, or a new session token), and run the command again',
    denied:
      'allow s3:ListBucket on the bucket, s3:GetObject on its objects, s3:PutObject for a sink, and kms:Decrypt on its key',
    no_bucket: 'check the name of the bucket; for storage other than AWS set AWS_ENDPOINT_URL',
    region: 'set AWS_REGION to the region of the bucket',
    archived: 'restore it first (aws s3api restore-object), or leave it out',
    unreachable: 'check AWS_ENDPOINT_URL, AWS_REGION and the network',
  },
  gs: {
    ...common,
    no_credentials:
      'run gcloud auth application-default login, set GOOGLE_APPLICATION_CREDENTIALS, or give the pod a service account',
    refused: 'check GOOGLE_APPLICATION_CREDENTIALS',
    expired: 'renew the credentials (gcloud auth application-default login), and run the command again',
    denied: 'grant roles/storage.objectViewer on the bucket, roles/storage.objectUser for a sink',
    no_bucket: 'check the name of the bucket',
    region: 'check the name of the bucket',
    archived: 'leave it out',
    unreachable: 'check the network, and TRIPLINE_GCS_ENDPOINT if it is set',
  },
  az: {
    ...common,
    no_credentials: 'set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN',
    refused: 'check AZURE_STORAGE_KEY or AZURE_STORAGE_CONNECTION_STRING, and the clock of this machine',
    expired: 'make a new AZURE_STORAGE_SAS_TOKEN, and run the command again',
    denied: 'the SAS token needs read and list on the container, for a sink write and create',
    no_bucket: 'check the names of the account and the container',
    region: 'check the name of the account',
    archived: 'rehydrate it first (az storage blob set-tier), or leave it out',
    unreachable: 'check the name of the account and the network',
  },
};

const said: Record<FailureKind, string> = {
  passing: 'cannot be reached now',
  no_credentials: 'needs credentials, and there are none',
  refused: 'does not accept the credentials',
  expired: 'says that the credentials have expired',
  denied: 'does not allow it with these credentials',
  no_bucket: 'has no such bucket or container',
  no_object: 'no longer has it',
  changed: 'has another version of it now',
  region: 'has the bucket in another region',
  archived: 'has archived it, and does not serve it from the archive',
  unreachable: 'cannot be reached',
  unknown: 'gives an unexpected answer',
};

/** @param where the storage fails, such as `at byte 17`; empty for the whole of it */
export function storageProblem(scheme: Scheme, failure: Failure, where = '', cause?: unknown): Problem {
  const place = where === '' ? '' : `${where}: `;
  const message = `${place}the storage ${said[failure.kind]} (${failure.said}); ${remedies[scheme][failure.kind]}`;
  return new Problem('storage.failed', message, { cause });
}

/** System errors that end a connection which can be opened again. */
const PASSING = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
]);
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'CERT_HAS_EXPIRED']);

/** Classifies an error of a connection; undefined for any other. */
export function connectionFailure(error: unknown): Failure | undefined {
  const { code, name, message } = error as NodeJS.ErrnoException;
  const said = oneLine(message || code || name);
  if (UNREACHABLE.has(code ?? '') || /^(?:ERR_TLS|ERR_SSL|SELF_SIGNED|UNABLE_TO)/.test(code ?? ''))
    return { kind: 'unreachable', said };
  if (PASSING.has(code ?? '') || /^(?:TimeoutError|RequestTimeout)/.test(name)) return { kind: 'passing', said };
  if (/\b(?:aborted|terminated|socket hang up|premature close)\b/i.test(message ?? ''))
    return { kind: 'passing', said };
  return undefined;
}

/** Classifies, by its status, an answer that says no more. */
export function kindOfStatus(status: number | undefined): FailureKind {
  switch (status) {
    case 401:
      return 'refused';
    case 403:
      return 'denied';
    case 404:
      return 'no_object';
    case 412:
      return 'changed';
    case 301:
    case 307:
    case 308:
      return 'region';
    case 408:
    case 429:
      return 'passing';
  }
  return status !== undefined && status >= 500 ? 'passing' : 'unknown';
}

const MAX_SAID = 200;

/** A storage may answer with any text. */
export function oneLine(text: unknown): string {
  return String(text).replaceAll(/\s+/g, ' ').trim().slice(0, MAX_SAID);
}

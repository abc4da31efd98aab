/** The contract of a kind of object storage. */

/** The variables that name storage and credentials. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface StoredObject {
  key: string;
  /** Bytes. */
  size: number;
  /** Changes whenever the object is written: the ETag, or the generation. */
  version: string;
}

export interface ObjectStore {
  /** The objects whose keys begin with a prefix, a page at a time, in whatever order the storage lists them.
   * @throws whatever the client does */
  list(prefix: string): AsyncIterable<readonly StoredObject[]>;
  /** The bytes of an object from an offset on, as long as it has the version.
   * @throws whatever the client does, at once or in the middle */
  read(object: StoredObject, from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Writes a file as an object, replacing one that has the key.
   * @throws whatever the client does */
  put(key: string, path: string): Promise<void>;
  /** Classifies an error of its client. */
  failureOf(error: unknown): Failure;
  /** Releases connections. */
  close(): void;
}

/** What a client could not do, and why. */
export interface Failure {
  kind: FailureKind;
  /** What the storage or the system said, in one line. */
  said: string;
}

export type FailureKind =
  /** The connection broke, or the storage asks to try again. */
  | 'passing'
  /** No credentials were found. */
  | 'no_credentials'
  /** They are wrong. */
  | 'refused'
  /** They were right. */
  | 'expired'
  /** They are right, but do not permit this. */
  | 'denied'
  | 'no_bucket'
  | 'no_object'
  /** The object has another version now. */
  | 'changed'
  /** The bucket is in another region. */
  | 'region'
  /** The object has to be restored first. */
  | 'archived'
  /** Nothing answers at this address. */
  | 'unreachable'
  /** What answers is not such a storage, or its answer is not understood. */
  | 'unknown';

/** Object storage: the objects below an address, their bytes, and files that become objects. */
import { Problem } from '../problem.ts';
import { type Address, addressOf, nameOf, type Scheme } from './address.ts';
import { storageProblem } from './failures.ts';
import type { Environment, ObjectStore, StoredObject } from './object-store.ts';
import { resumedRead } from './resumed-read.ts';

export { addressOf, isAddress } from './address.ts';

/** An object that can be read. */
export interface Listed {
  /** Its address. */
  name: string;
  /** Bytes. */
  size: number;
  /** Changes whenever it is written. */
  version: string;
  /** Its bytes, from the first on, at each call.
   * @throws Problem `storage.failed` */
  read(): AsyncIterable<Uint8Array>;
}

export interface Storage {
  /** The objects whose keys begin with the prefix of the address, in the order of their keys; those that stand for folders
   * are left out.
   * @throws Problem `storage.failed` */
  list(): Promise<Listed[]>;
  /** The object whose key is the prefix of the address, as it was listed before. */
  listed(object: Pick<Listed, 'size' | 'version'>): Listed;
  /** Writes a file as the object of a key below the prefix of the address, replacing what is there.
   * @returns the address of the object
   * @throws Problem `storage.failed` */
  put(key: string, path: string): Promise<string>;
  /** Releases connections. */
  close(): void;
}

type Open = (address: Address, environment: Environment) => Promise<ObjectStore>;

/** One row for each scheme. The clients are large to load, and few read objects. */
const kinds: Record<Scheme, Open> = {
  s3: async (...given) => (await import('./s3.ts')).openS3(...given),
  gs: async (...given) => (await import('./gcs.ts')).openGcs(...given),
  az: async (...given) => (await import('./azure.ts')).openAzure(...given),
};

const openStore: Open = (address, environment) => kinds[address.scheme](address, environment);

/** Opens the storage of an address; connects when it is first used.
 * @throws Problem `config.invalid` if it is not an address */
export async function openStorage(
  text: string,
  environment: Environment,
  open: typeof openStore = openStore,
): Promise<Storage> {
  const address = addressOf(text);
  const { scheme, prefix } = address;
  const store = await open(address, environment);

  async function of<T>(asked: Promise<T>, where: string): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof Problem) throw error;
      const failure = store.failureOf(error);
      // Neither listing nor writing asks for an existing object.
      const kind = failure.kind === 'no_object' ? 'no_bucket' : failure.kind;
      throw storageProblem(scheme, { ...failure, kind }, where, error);
    }
  }
  const listed = (object: StoredObject): Listed => ({
    name: nameOf(address, object.key),
    size: object.size,
    version: object.version,
    read: () => resumedRead(store, scheme, object),
  });
  return {
    listed: ({ size, version }) => listed({ key: prefix, size, version }),
    async list() {
      const all = async () => {
        const objects: StoredObject[] = [];
        for await (const page of store.list(prefix)) objects.push(...page);
        return objects;
      };
      const objects = (await of(all(), '')).filter(({ key, size }) => !(key.endsWith('/') && size === 0));
      // Storages differ in the order in which they list.
      return objects.sort((a, b) => (a.key < b.key ? -1 : 1)).map(listed);
    },
    async put(key, path) {
      const full = prefix === '' || prefix.endsWith('/') ? prefix + key : `${prefix}/${key}`;
      await of(store.put(full, path), nameOf(address, full));
      return nameOf(address, full);
    },
    close: () => store.close(),
  };
}

/** Opens objects whose names are known, with one client for all of a bucket. */
export function objectOpener(environment: Environment): (name: string) => Promise<Storage> {
  const stores = new Map<string, Promise<ObjectStore>>();
  return (name) =>
    openStorage(name, environment, (address) => {
      const bucket = nameOf(address, '');
      let store = stores.get(bucket);
      if (store === undefined) stores.set(bucket, (store = openStore(address, environment)));
      return store;
    });
}

/** The addresses of objects: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container/prefix`. */
import { Problem } from '../problem.ts';

export type Scheme = 's3' | 'gs' | 'az';

export interface Address {
  scheme: Scheme;
  /** For Azure only, where the names of containers belong to an account. */
  account?: string;
  /** The bucket, or the container. */
  bucket: string;
  /** What the keys begin with, byte for byte as it stands in the address; empty for all objects. */
  prefix: string;
}

const SCHEME = /^(s3|gs|az):\/\//;
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,221}$/;

/** Whether a path is the address of objects, rather than of a file. */
export function isAddress(path: string): boolean {
  return SCHEME.test(path);
}

/** Reads an address. The prefix is used as it is written: `%20`, `..` and a second slash stand for themselves.
 * @throws Problem `config.invalid` if it is none */
export function addressOf(text: string): Address {
  const scheme = SCHEME.exec(text)?.[1] as Scheme | undefined;
  if (scheme === undefined)
    throw invalid(text, 's3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX');
  let rest = text.slice(scheme.length + 3);
  const next = (): string => {
    const slash = rest.indexOf('/');
    const part = slash === -1 ? rest : rest.slice(0, slash);
    rest = slash === -1 ? '' : rest.slice(slash + 1);
    return part;
  };
  if (scheme !== 'az') {
    const bucket = next();
    if (!BUCKET.test(bucket)) throw invalid(text, `${scheme}://BUCKET/PREFIX`);
    return { scheme, bucket, prefix: rest };
  }
  const account = next();
  const bucket = next();
  if (!/^[a-z0-9]{3,24}$/.test(account) || !BUCKET.test(bucket)) throw invalid(text, 'az://ACCOUNT/CONTAINER/PREFIX');
  return { scheme, account, bucket, prefix: rest };
}

/** The address of one object. */
export function nameOf({ scheme, account, bucket }: Address, key: string): string {
  return [`${scheme}:/`, ...(account === undefined ? [] : [account]), bucket, key].join('/');
}

function invalid(text: string, form: string): Problem {
  return new Problem('config.invalid', `${JSON.stringify(text)} is not the address of objects; write ${form}`);
}

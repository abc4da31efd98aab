/** Whether a sender may send: basic or bearer credentials, compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../config/index.ts';

/** Makes the check of an Authorization header; without credentials in the configuration everybody may send. */
export function authorizer(auth: Config['auth']): (authorization: string | undefined) => boolean {
  if (auth === undefined) return () => true;
  const expected: Buffer[] = [];
  if (auth.basic) {
    const { username, password } = auth.basic;
    expected.push(digest('basic', Buffer.from(`${username}:${password}`).toString('base64')));
  }
  if (auth.bearer) expected.push(digest('bearer', auth.bearer));

  return (authorization = '') => {
    const [scheme, credentials = ''] = authorization.split(' ', 2);
    const given = digest(scheme.toLowerCase(), credentials);
    // Every digest is compared, so that time does not tell which one is near.
    return expected.map((one) => timingSafeEqual(one, given)).includes(true);
  };
}

/** Digests have one length, which timingSafeEqual needs and which hides that of the secret. */
function digest(scheme: string, credentials: string): Buffer {
  return createHash('sha256').update(`${scheme} ${credentials}`).digest();
}

/** Authorization, given any credentials: it accepts exactly those that are required, letter by letter, and no others. */
import { type Access, openDoor } from '../../src/server/auth.ts';
import type { FuzzTarget } from './fuzz.ts';

const basic = Buffer.from('ann:s3cret').toString('base64');
const token = 'aGVsbG8tdG9rZW4tMTIz';
const door = openDoor({
  basic: [{ username: 'ann', password: 's3cret', endpoints: ['records'] }],
  bearer: [{ name: 'collector', token, endpoints: ['records'] }],
  certificates: [],
  openMetrics: false,
});
const right = new RegExp(`^(basic ${basic}|bearer ${token})( .*)?$`, 's');
const socket = {} as never;

export const authorizationTargets: readonly FuzzTarget[] = [
  {
    name: 'authorization',
    corpus: [`Basic ${basic}`, `Bearer ${token}`, `bearer  ${token}`, 'Digest x'].map((text) => Buffer.from(text)),
    run(bytes) {
      // Node decodes headers as Latin-1.
      const authorization = Buffer.from(bytes).toString('latin1');
      const { kind } = door.accessOf({ headers: { authorization }, socket }, 'records') as Access;
      const [scheme = '', ...rest] = authorization.split(' ');
      const isRight = right.test([scheme.toLowerCase(), ...rest].join(' '));
      if ((kind === 'granted') !== isRight) throw new Error(`${kind}: ${JSON.stringify(authorization)}`);
    },
  },
];

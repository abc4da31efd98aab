/** Settings of what correlations remember: in memory only, in a file, or on a server that several share. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { isMap, type JsonMap } from '../json/map.ts';
import type { Fault } from './schema-faults.ts';
import { secret } from './secrets.ts';
import { serversIn } from './server-url.ts';

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

export const StateSettings = Type.Object(
  {
    path: text('File that is written each minute and on shutdown.'),
    key: Type.Optional(
      secret(
        'Authenticates the file (HMAC-SHA256): a file that was not written with this key is set aside and never ' +
          'loaded.',
        16,
      ),
    ),
    url: Type.Optional(
      Type.String({
        minLength: 1,
        examples: ['redis://valkey:6379'],
        description:
          'Redis or Valkey server, instead of a file: all Tripline instances with the same server and prefix count ' +
          'together (docs/shared-state.md). rediss:// for TLS; several servers, separated by commas, of which the ' +
          'first that accepts writes is used; after a slash, the number of a database.',
      }),
    ),
    sentinelName: text(
      'Name of a primary: the servers of the URL are sentinels, which are asked for the primary that they monitor by ' +
        'this name.',
    ),
    username: text('User of the server (ACL). Default: the default user.'),
    password: Type.Optional(secret('Password of the server.')),
    ca: text(
      'PEM file with the authorities that sign the certificate of the server. Default: those bundled with Node.js.',
    ),
    prefix: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        examples: ['tripline'],
        description: 'Prefix of the names of all keys, in braces. Default: tripline.',
      }),
    ),
    timeoutMs: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 60_000,
        description: 'How long a connection to the server, and each of its answers, may take. Default: 1000.',
      }),
    ),
    replicas: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10,
        description:
          'How many replicas must have what a batch has changed before the batch continues (WAIT): a failover to one ' +
          'of these loses nothing. Default: 0.',
      }),
    ),
    whenUnavailable: Type.Optional(
      Type.Enum(['retry', 'local'], {
        description:
          'While the server cannot be used: `retry`: batches are refused (503), and senders send them again; ' +
          '`local`: correlations count only what this Tripline has seen, and tags say so (`state`). Default: retry.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description:
      'Where the windows and terms of correlations are kept: in a file, which also has how new findings are, to ' +
      'survive a restart; or on a server that several instances share. Default: in memory only.',
  },
);
export type StateSettings = Static<typeof StateSettings>;

const OF_FILE = ['key'];
const OF_SERVER = ['sentinelName', 'username', 'password', 'ca', 'prefix', 'timeoutMs', 'replicas', 'whenUnavailable'];

/** What no schema can express about these settings.
 * @param settings all of them; of any type if the schema has reported that already */
export function stateFaults({ state }: JsonMap): Fault[] {
  if (!isMap(state)) return [];
  const faults: Fault[] = [];
  const add = (setting: readonly string[], message: string) =>
    faults.push({
      setting: ['state', ...setting],
      message: `state${setting.map((step) => `.${step}`).join('')} ${message}`,
    });
  const { path, url, sentinelName, username, password, ca } = state;
  if (path === undefined && url === undefined) {
    add([], 'has no location; set path, for a file, or url, for a server');
  }
  if (path !== undefined && url !== undefined) {
    add(['url'], 'is for a server, and path is for a file: the state is kept in one of them; leave out path or url');
  }
  for (const name of OF_FILE) {
    if (state[name] !== undefined && path === undefined) add([name], 'is for a file; set path, or leave it out');
  }
  for (const name of OF_SERVER) {
    if (state[name] !== undefined && url === undefined) add([name], 'is for a server; set url, or leave it out');
  }
  if (username !== undefined && password === undefined) add(['username'], 'has no password; set it');
  if (typeof url === 'string' && url !== '') {
    const found = serversIn(url, sentinelName !== undefined);
    if (typeof found === 'string') add(['url'], found);
    else if (ca !== undefined && !found.isTls) add(['ca'], 'is for TLS; write rediss:// in url, or leave it out');
  }
  if (typeof ca === 'string' && ca !== '') {
    try {
      new X509Certificate(readFileSync(ca));
    } catch (error) {
      const why = (error as Error).message.replace(/^error:\S+/, '');
      add(['ca'], `cannot be used: ${why}; write the path of a PEM file`);
    }
  }
  return faults;
}

/** Settings of the console: the page that shows findings, and its API. */
import { isIPv4 } from 'node:net';
import Type, { type Static } from 'typebox';
import { isMap, type JsonMap } from '../json/map.ts';
import type { Fault } from './schema-faults.ts';

const MiB = 1024 * 1024;

export const ConsoleSettings = Type.Object(
  {
    enabled: Type.Optional(
      Type.Boolean({
        description:
          'Whether the console is served. Default: if its listener is on the loopback interface. On any other ' +
          'address it needs `auth`, with a credential whose `endpoints` name `console`.',
      }),
    ),
    listen: Type.Optional(
      Type.String({
        pattern: '^(\\[[0-9a-fA-F:]+\\]|[^:\\[\\]]+):[0-9]{1,5}$',
        description: 'Address and port of a separate listener. Default: `/` of the listener that accepts records.',
      }),
    ),
    hosts: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Names, without port, by which browsers reach it through a proxy or a Service. A request for any name other ' +
        'than these, those of the loopback and the address of the listener is refused, so that no other site can ' +
        'reach the console by a name of its own.',
    }),
    maxFindingBytes: Type.Integer({
      minimum: 64 * 1024,
      default: 16 * MiB,
      description:
        'Bytes of the latest records with findings to keep, in memory and in `path`. Beyond that, the oldest record ' +
        'of the rule that uses most is evicted.',
    }),
    maxRecordBytes: Type.Integer({
      minimum: 0,
      default: 0,
      description:
        'Bytes of the latest records to keep whether or not anything was found in them, to ask why not. 0 keeps none.',
    }),
    path: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'File (SQLite) in which the findings that are kept survive a restart.',
      }),
    ),
    mayWriteExceptions: Type.Boolean({
      default: false,
      description:
        'Whether an exception that the page proposes may be written, as a new file in the first folder of ' +
        '`exceptions`. If `auth` is set, this needs a credential whose `endpoints` name `console-write`.',
    }),
  },
  {
    additionalProperties: false,
    default: {},
    description: 'The web page that shows what was found and why, and its API under `/console/v1/`.',
  },
);
export type ConsoleSettings = Static<typeof ConsoleSettings>;

interface Listening {
  listen: string;
  console: ConsoleSettings;
}

/** Whether the console is on. */
export function isConsoleOn({ listen, console }: Listening): boolean {
  return console.enabled ?? isLoopback(console.listen ?? listen);
}

function isLoopback(listen: string): boolean {
  const host = listen.slice(0, listen.lastIndexOf(':'));
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** @param settings of any type if the schema has found them wrong already */
export function consoleFaults({ listen, console, auth, exceptions }: JsonMap): Fault[] {
  if (!isMap(console) || typeof listen !== 'string') return [];
  const own = typeof console.listen === 'string' ? console.listen : listen;
  const faults: Fault[] = [];
  const add = (name: string, message: string) => faults.push({ setting: ['console', name], message });
  if (console.enabled === true && !isLoopback(own)) {
    if (!isMap(auth)) {
      add(
        'enabled',
        `console.enabled: anyone who can reach ${own} could read findings and records; set auth with a credential ` +
          'whose endpoints name console, or let console.listen name an address of the loopback',
      );
    } else if (!opens(auth, 'console')) {
      add('enabled', 'console.enabled: no credential opens the console; add console to the endpoints of one');
    }
  }
  if (own === listen && console.listen !== undefined && !listen.endsWith(':0')) {
    add('listen', `console.listen: ${own} is already the address of listen; leave it out, or write another`);
  }
  if (console.mayWriteExceptions === true && !(Array.isArray(exceptions) && exceptions.length > 0)) {
    add('mayWriteExceptions', 'console.mayWriteExceptions: there is no folder to write to; name one in exceptions');
  }
  return faults;
}

function opens(auth: JsonMap, endpoint: string): boolean {
  return Object.values(auth).some(
    (list) =>
      Array.isArray(list) &&
      list.some((one) => isMap(one) && Array.isArray(one.endpoints) && one.endpoints.includes(endpoint)),
  );
}

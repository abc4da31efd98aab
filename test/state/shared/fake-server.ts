/** The few commands that Tripline sends, answered in process as a server would. */
import { createHash } from 'node:crypto';
import { agreeOnSecret } from '../../../src/state/shared/handshake.ts';
import type { Connect } from '../../../src/state/shared/link.ts';
import { keyNames } from '../../../src/state/shared/stored.ts';

export interface FakeServer {
  /** By key name. A value that is not text has another type. */
  values: Map<string, string | object>;
  /** Milliseconds, for the keys that have one. */
  ttls: Map<string, number>;
  /** Every command except those of the handshake. */
  commands: (readonly string[])[];
  /** Makes subsequent commands fail if it returns an error; with `silent`, they are never answered. */
  fault: ((command: readonly string[]) => Error | 'silent' | undefined) | undefined;
  /** Loses the answers of subsequent commands, which were executed. */
  lost: Error | undefined;
  /** Is called before a script runs. */
  before: (() => void) | undefined;
  /** As after a restart: no script is known. */
  forgetScripts(): void;
  /** Breaks all connections. */
  breakAll(error: Error): void;
  connect: Connect;
  isDown: boolean;
}

export function fakeServer(prefix = 't'): FakeServer {
  const scripts = new Set<string>();
  const open = new Set<(error: Error) => void>();
  const { values, ttls, commands } = { values: new Map(), ttls: new Map(), commands: [] as (readonly string[])[] };
  const server: FakeServer = {
    ...{ values, ttls, commands, fault: undefined, lost: undefined, before: undefined, isDown: false },
    forgetScripts: () => scripts.clear(),
    breakAll(error) {
      for (const lost of [...open]) lost(error);
      open.clear();
    },
    async connect(onLost) {
      if (server.isDown) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      let isClosed = false;
      open.add(onLost);
      const send = async (command: readonly string[]) => {
        if (isClosed) throw new Error('The client is closed');
        const fault = server.fault?.(command);
        if (fault === 'silent') return new Promise(() => {});
        if (fault !== undefined) throw fault;
        const reply = answer(command);
        if (server.lost !== undefined) throw server.lost;
        return reply;
      };
      const secret = await agreeOnSecret(send, keyNames(prefix));
      return {
        ...{ secret, server: 'fake' },
        async send(command) {
          commands.push(command);
          return send(command);
        },
        close() {
          isClosed = true;
          open.delete(onLost);
        },
      };
    },
  };

  function answer(command: readonly string[]): unknown {
    const [name, ...rest] = command as [string, ...string[]];
    switch (name) {
      case 'SET':
        if (rest[2] === 'NX' && values.has(rest[0])) return null;
        values.set(rest[0], rest[1]);
        return 'OK';
      case 'GET':
        return values.get(rest[0]!) ?? null;
      case 'EVAL':
        scripts.add(createHash('sha1').update(rest[0]!).digest('hex'));
        return script(rest.slice(1));
      case 'EVALSHA':
        if (!scripts.has(rest[0]!)) throw new Error('NOSCRIPT No matching script. Please use EVAL.');
        return script(rest.slice(1));
      default:
        throw new Error(`ERR unknown command '${name}'`);
    }
  }

  const textAt = (key: string) => {
    const found = values.get(key);
    return typeof found === 'string' ? found : undefined;
  };

  /** The Lua script of script.ts. */
  function script([count, ...given]: string[]): unknown {
    server.before?.();
    const keys = given.slice(0, Number(count));
    const [secret, mostBytes, ...args] = given.slice(Number(count));
    const [secretKey, ...names] = keys as [string, ...string[]];
    const theirs = textAt(secretKey);
    if (theirs !== undefined && theirs !== secret) return ['secret'];
    const found: unknown[] = [];
    let bytes = 0;
    for (const [index, key] of names.entries()) {
      const text = textAt(key);
      const version = (text ?? '').slice(0, 16);
      const expected = args[index * 4];
      if (expected === '!' ? !/^[\w-]{16}$/.test(version) : version === expected) continue;
      bytes += (text ?? '').length;
      found.push(index, text === undefined ? null : bytes > Number(mostBytes) ? version : text);
    }
    if (found.length > 0) return ['conflict', ...found];
    if (theirs === undefined) values.set(secretKey, secret!);
    for (const [index, key] of names.entries()) {
      const [, act, ttl, text] = args.slice(index * 4);
      if (act === 's') values.set(key, text!);
      if (act === 's' || (act === 'k' && values.has(key))) ttls.set(key, Number(ttl));
      if (act !== 'd') continue;
      values.delete(key);
      ttls.delete(key);
    }
    return ['written'];
  }

  return server;
}

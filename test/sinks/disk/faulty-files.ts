/** A file system that fails on request, over the real one. */

import type { FileHandle } from 'node:fs/promises';
import * as system from 'node:fs/promises';
import type { Files } from '../../../src/sinks/disk/files.ts';

/** The calls: of the file system, or of a file that it has opened. */
export type Call = 'open' | 'writev' | 'write' | 'datasync' | 'sync' | 'truncate' | 'rename' | 'rm';

export interface FaultyFiles extends Files {
  /** Calls so far, in order. */
  calls: Call[];
  /** Consulted before each call: a returned error is thrown, a write having written half of its bytes. */
  fails: (call: Call, path: string) => string | undefined;
}

export function faultyFiles(): FaultyFiles {
  const faulty: FaultyFiles = {
    ...system,
    calls: [],
    fails: () => undefined,
    async open(...args) {
      check('open', String(args[0]));
      return wrap(await system.open(...args), String(args[0]));
    },
    async rename(...args) {
      check('rename', String(args[0]));
      return system.rename(...args);
    },
    async rm(...args) {
      check('rm', String(args[0]));
      return system.rm(...args);
    },
  };

  function check(call: Call, path: string): void {
    faulty.calls.push(call);
    const code = faulty.fails(call, path);
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${call} ${path}`), { code });
  }

  function wrap(file: FileHandle, path: string): FileHandle {
    return new Proxy(file, {
      get(_, name) {
        const value = Reflect.get(file, name) as unknown;
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          const isCall = ['writev', 'write', 'datasync', 'sync', 'truncate'].includes(String(name));
          try {
            if (isCall) check(name as Call, path);
          } catch (error) {
            if (name === 'writev') {
              const [parts, position] = args as [Uint8Array[], number];
              const whole = Buffer.concat(parts);
              await file.write(whole, 0, whole.length >> 1, position);
            }
            throw error;
          }
          // No test can observe its effect, and it is slow.
          if (name === 'datasync' || name === 'sync') return undefined;
          return Reflect.apply(value as (...args: unknown[]) => unknown, file, args);
        };
      },
    });
  }

  return faulty;
}

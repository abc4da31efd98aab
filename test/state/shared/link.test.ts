/** What happens when a server is away, is full, or answers something else. */
import { afterEach, describe, expect, test } from 'vitest';
import { Unavailable } from '../../../src/state/shared/link.ts';
import { sharedStore } from '../../../src/state/shared/store.ts';
import { fakeServer } from './fake-server.ts';
import { add, closeAll, names, opened } from './processes.ts';

afterEach(closeAll);

describe('a server that', () => {
  test('was restarted is given the script again', async () => {
    const server = fakeServer();
    const { transaction } = await opened(server);
    await transaction(add('a'));
    server.forgetScripts();
    expect(await transaction(add('a'))).toBe(1);
    expect(server.commands.map(([name]) => name)).toEqual(['EVALSHA', 'EVAL', 'EVALSHA', 'EVAL']);
  });

  test.each<[string, string, () => Error | 'silent']>([
    ['is full', 'OOM', () => new Error("OOM command not allowed when used memory > 'maxmemory'.")],
    ['is a replica now', 'READONLY', () => new Error("READONLY You can't write against a read only replica.")],
    ['cannot write its disk', 'MISCONF', () => new Error('MISCONF Redis is configured to save RDB snapshots')],
    ['loads its data', 'LOADING', () => new Error('LOADING Redis is loading the dataset in memory')],
    ['does not allow it', 'NOPERM', () => new Error('NOPERM this user has no permissions to run evalsha')],
    ['answers never', 'timeout', () => 'silent'],
    ['breaks off', 'ECONNRESET', () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
  ])('%s is not asked again for a while, and then is used again', async (_, code, fault) => {
    const server = fakeServer();
    const one = await opened(server);
    await one.transaction(add('a'));
    server.fault = fault;
    await expect(one.transaction(add('a'))).rejects.toThrow(Unavailable);
    expect(one.link.outage()).toMatchObject({ code, since: expect.any(Date) });
    const asked = server.commands.length;
    for (let i = 0; i < 10; i++) await expect(one.transaction(add('a'))).rejects.toThrow(Unavailable);
    expect(server.commands.length).toBe(asked);
    server.fault = undefined;
    await expect.poll(() => one.link.outage()).toBeUndefined();
    expect(await one.transaction(add('a'))).toBe(1);
    expect(one.changes).toEqual([code, undefined]);
    expect(one.logged.filter((line) => line.includes('cannot be used'))).toHaveLength(1);
    expect(one.exchanges).toEqual(['written', 'failed', 'written']);
  });

  test('answers something else is not believed', async () => {
    const server = fakeServer();
    const one = await opened(server);
    for (const reply of [null, 'OK', [], ['written?'], ['conflict'], ['conflict', 9, 'x'], ['conflict', 0]]) {
      const link = { ...one.link, send: async () => reply };
      await expect(sharedStore({ link, names }).transaction(add('a'))).rejects.toThrow('does not answer as a script');
    }
  });

  test('breaks an idle connection is known to be away', async () => {
    const server = fakeServer();
    const one = await opened(server);
    server.isDown = true;
    server.breakAll(Object.assign(new Error('Socket closed unexpectedly'), { code: 'ECONNRESET' }));
    await expect.poll(() => one.link.outage()?.code).toBe('ECONNRESET');
    server.isDown = false;
    await expect.poll(() => one.link.outage()).toBeUndefined();
    expect(await one.transaction(add('a'))).toBe(0);
  });

  test('is away at the start is waited for', async () => {
    const server = fakeServer();
    server.isDown = true;
    const one = await opened(server);
    await expect(one.transaction(add('a'))).rejects.toThrow('ECONNREFUSED');
    server.isDown = false;
    await expect.poll(() => one.link.outage()).toBeUndefined();
    expect(await one.transaction(add('a'))).toBe(0);
  });

  test('holds something else under the name of the secret is refused', async () => {
    const server = fakeServer();
    server.values.set(names.secret, 'hello');
    const one = await opened(server);
    await expect(one.transaction(add('a'))).rejects.toThrow('holds no secret of Tripline');
  });
});

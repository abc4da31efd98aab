/** The shared store on a real server: VALKEY is the path of a valkey-server or redis-server. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { memoryStore } from '../../src/state/memory.ts';
import { type RedisSettings, redisConnector } from '../../src/state/shared/redis.ts';
import { keyNames } from '../../src/state/shared/stored.ts';
import fc from '../properties.ts';
import { freePort, startValkey, type ValkeyOptions, type ValkeyServer } from '../servers/valkey.ts';
import { snippets } from '../stores/snippets.ts';
import { correlations, eventOf, streams, timeOf } from './shared/streams.ts';
import { loneWorker, rulesetOf, type SharedWorker, type SharedWorkerOptions, sharedWorker } from './shared/workers.ts';

const binary = process.env.VALKEY!;
const pem = (name: string) => join(import.meta.dirname, '../fixtures/tls/listener', `${name}.pem`);
const ruleset = rulesetOf(...correlations);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function server(options: Omit<ValkeyOptions, 'binary'> = {}): Promise<ValkeyServer> {
  const started = await startValkey({ binary, ...options });
  closing.push(started.stop);
  return started;
}

interface Options extends SharedWorkerOptions, Partial<Omit<RedisSettings, 'servers' | 'timeout'>> {
  rules?: typeof ruleset;
  logged?: string[];
}

async function workerOn(servers: readonly { port: number }[], options: Options = {}): Promise<SharedWorker> {
  const { prefix = 't', timeout = 1000, local, rules = ruleset, logged = [], ...settings } = options;
  const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line).msg) });
  const addresses = servers.map(({ port }) => ({ host: '127.0.0.1', port }));
  const connect = await redisConnector(
    { servers: addresses, database: 0, isTls: false, timeout, replicas: 0, ...settings },
    { names: keyNames(prefix), logger },
  );
  const worker = await sharedWorker(rules, connect, { prefix, timeout, ...(local && { local }) });
  closing.push(worker.close);
  return worker;
}

const counted = (least: number, timespan = '1h') =>
  rulesetOf(
    `title: Many\nname: many\ncorrelation: { type: event_count, rules: [got], group-by: [username], timespan: ${timespan}, condition: { gte: ${least} } }`,
  );

/** The event of a user with this number. */
const nth = (index: number, user = 'ann') => eventOf({ index, user, time: timeOf(index) });
const findings = (tags: Awaited<ReturnType<SharedWorker['tags']>>) => tags.flatMap((tag) => tag?.findings ?? []);

describe.skipIf(!binary)('on a server (VALKEY names a valkey-server or redis-server)', () => {
  test('several workers that take turns find what one finds in memory', async () => {
    const valkey = await server();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(streams, fc.array(fc.nat(2), { minLength: 20, maxLength: 20 }), async (batches, turns) => {
        const prefix = `run-${run++}`;
        const workers = await Promise.all([1, 2, 3].map(() => workerOn([valkey], { prefix })));
        const alone = loneWorker(ruleset, workers[0]!.secret());
        for (const [index, batch] of batches.entries()) {
          const worker = workers[turns[index % turns.length]!]!;
          expect(await worker.tags(batch)).toEqual(await alone.tags(batch));
        }
        for (const { close } of workers) close();
      }),
      { numRuns: 15 },
    );
  });

  test('if several count at once, nothing is lost, and nothing counts twice', async () => {
    const valkey = await server();
    const [users, each] = [5, 60];
    const rules = counted(each);
    const workers = await Promise.all(Array.from({ length: 4 }, () => workerOn([valkey], { rules })));
    const events = Array.from({ length: users * each }, (_, index) => nth(index, `user-${index % users}`));
    const found = await Promise.all(
      workers.map(async (worker, number) => {
        const own = events.filter((_, index) => index % workers.length === number);
        const all = [];
        // Some are repeated, also to another worker.
        for (let from = 0; from < own.length; from += 3) {
          all.push(...findings(await worker.tags([...own.slice(from, from + 3), events[from]!])));
        }
        return all;
      }),
    );
    const different = new Map(found.flat().map((one) => [one.id, one]));
    expect(different.size).toBe(users);
    for (const { correlation } of different.values()) expect(correlation).toMatchObject({ value: each });
    expect(workers.flatMap(({ exchanges }) => exchanges)).toContain('conflict');
  });

  test('each key except the secret has a TTL, and no key is outside the prefix', async () => {
    const valkey = await server();
    const worker = await workerOn([valkey], { prefix: 'own' });
    await worker.tags(Array.from({ length: 10 }, (_, i) => eventOf({ index: i, time: timeOf(i), namespace: `n${i}` })));
    const keys = (await valkey.ask('KEYS', '*')) as string[];
    expect(keys.length).toBeGreaterThan(10);
    expect(keys.filter((key) => !key.startsWith('{own}:'))).toEqual([]);
    for (const key of keys) {
      const ttl = Number(await valkey.ask('PTTL', key));
      if (key === '{own}:secret') expect(ttl).toBe(-1);
      else expect(ttl).toBeGreaterThan(3_600_000);
    }
  });

  test.each<[string, string, string]>([
    ['no text', 'DEL', 'RPUSH'],
    ['bytes that are no UTF-8', 'DEL', 'SET'],
  ])('%s under a key is overwritten', async (_, __, command) => {
    const valkey = await server();
    const worker = await workerOn([valkey], { rules: counted(2) });
    await worker.tags([nth(0)]);
    const keys = ((await valkey.ask('KEYS', '{t}:1:*')) as string[]).sort();
    for (const key of keys) {
      await valkey.ask('DEL', key);
      // By a script, as the helper sends only text.
      await valkey.ask('EVAL', `return redis.call('${command}', KEYS[1], '\\255\\254abc\\0')`, '1', key);
    }
    await worker.tags([nth(1)]);
    expect(findings(await worker.tags([nth(2)]))).toHaveLength(1);
  });

  test('a server may forget its scripts, and may be emptied', async () => {
    const valkey = await server();
    const worker = await workerOn([valkey], { rules: counted(3) });
    await worker.tags([nth(0), nth(1)]);
    await valkey.ask('SCRIPT', 'FLUSH');
    expect(findings(await worker.tags([nth(2)]))).toHaveLength(1);
    await valkey.ask('FLUSHALL');
    expect(findings(await worker.tags([nth(3), nth(4)]))).toHaveLength(0);
    expect(findings(await worker.tags([nth(5)]))).toHaveLength(1);
  });

  describe('failover', () => {
    test('the workers find the promoted replica, and continue to count', async () => {
      const [primary, replica] = [await server(), await server()];
      await follow(replica, primary);
      const workers = [
        await workerOn([primary, replica], { rules: counted(4) }),
        await workerOn([replica, primary], { rules: counted(4) }),
      ];
      await workers[0]!.tags([nth(0)]);
      await workers[1]!.tags([nth(1)]);
      await isEqual(primary, replica);
      await primary.kill();
      await expect(workers[0]!.tags([nth(2)])).rejects.toMatchObject({ code: 'state.unavailable' });
      await replica.ask('REPLICAOF', 'NO', 'ONE');
      for (const worker of workers) await expect.poll(worker.isAvailable, { timeout: 10_000 }).toBe(true);
      await workers[0]!.tags([nth(2)]);
      expect(findings(await workers[1]!.tags([nth(3)]))).toMatchObject([{ correlation: { value: 4 } }]);
    });

    test('if the last writes are lost, a repeated batch has the same ids', async () => {
      const [primary, replica] = [await server(), await server()];
      await follow(replica, primary);
      const worker = await workerOn([primary, replica], { rules: counted(3) });
      await worker.tags([nth(0)]);
      await isEqual(primary, replica);
      await replica.ask('REPLICAOF', 'NO', 'ONE');
      const last = [nth(1), nth(2)];
      const before = findings(await worker.tags(last));
      expect(before).toHaveLength(1);
      await primary.kill();
      await expect.poll(worker.isAvailable, { timeout: 10_000 }).toBe(false);
      await expect.poll(worker.isAvailable, { timeout: 10_000 }).toBe(true);
      expect(findings(await worker.tags(last))).toEqual(before);
      expect(findings(await worker.tags(last))).toEqual(before);
    });

    test('loses nothing if a replica has to have each write', async () => {
      const [primary, replica] = [await server(), await server()];
      await follow(replica, primary);
      const worker = await workerOn([primary, replica], { rules: counted(3), replicas: 1 });
      await worker.tags([nth(0), nth(1)]);
      // At once: only the batch itself waits for the replica.
      await primary.kill();
      await replica.ask('REPLICAOF', 'NO', 'ONE');
      const third = await server();
      await follow(third, replica);
      const found = async () => findings(await worker.tags([nth(2)]).catch(() => [])).length;
      await expect.poll(found, { timeout: 10_000 }).toBe(1);
      await third.kill();
      await expect(worker.tags([nth(3)])).rejects.toThrow('NOREPLICAS 0 of 1 replicas have what was written');
    });

    test('sentinels name the primary', async () => {
      const [primary, replica] = [await server(), await server()];
      await follow(replica, primary);
      const sentinel = await server({
        sentinel: [
          `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
          'sentinel down-after-milliseconds main 300',
          'sentinel failover-timeout main 3000',
        ],
      });
      await expect
        .poll(async () => String(await sentinel.ask('SENTINEL', 'REPLICAS', 'main')), { timeout: 20_000 })
        .toContain(String(replica.port));
      const worker = await workerOn([sentinel], { rules: counted(3), sentinelName: 'main' });
      await worker.tags([nth(0), nth(1)]);
      await isEqual(primary, replica);
      await primary.kill();
      await expect.poll(worker.isAvailable, { timeout: 10_000 }).toBe(false);
      await expect.poll(worker.isAvailable, { timeout: 30_000 }).toBe(true);
      expect(findings(await worker.tags([nth(2)]))).toHaveLength(1);
    });

    test('the workers leave a primary that becomes a replica', async () => {
      const [one, other] = [await server(), await server()];
      const worker = await workerOn([one, other], { rules: counted(3) });
      await worker.tags([nth(0), nth(1)]);
      await follow(other, one);
      await other.ask('REPLICAOF', 'NO', 'ONE');
      await follow(one, other);
      await expect(worker.tags([nth(2)])).rejects.toThrow('READONLY');
      await expect.poll(worker.isAvailable, { timeout: 10_000 }).toBe(true);
      expect(findings(await worker.tags([nth(2)]))).toHaveLength(1);
    });
  });

  describe('a server that is full', () => {
    test('and may not evict refuses writes, and accepts them again when there is space', async () => {
      const valkey = await server({ args: ['--maxmemory', '100mb', '--maxmemory-policy', 'noeviction'] });
      const logged: string[] = [];
      const worker = await workerOn([valkey], { rules: counted(2), logged });
      await worker.tags([nth(0)]);
      await valkey.ask('CONFIG', 'SET', 'maxmemory', '100kb');
      await expect(worker.tags([nth(1)])).rejects.toThrow('OOM');
      await sleep(200);
      expect(worker.isAvailable()).toBe(false);
      await valkey.ask('CONFIG', 'SET', 'maxmemory', '100mb');
      await expect.poll(worker.isAvailable, { timeout: 10_000 }).toBe(true);
      expect(findings(await worker.tags([nth(1)]))).toHaveLength(1);
      expect(logged.filter((line) => line.includes('volatile-lru'))).toHaveLength(1);
    });

    test('evicts groups of a flood, and never the secret', async () => {
      const valkey = await server({ args: ['--maxmemory', '3mb', '--maxmemory-policy', 'volatile-lru'] });
      const worker = await workerOn([valkey], { rules: counted(3) });
      const secret = worker.secret();
      for (let from = 0; from < 12_000; from += 1000) {
        await worker.tags(Array.from({ length: 1000 }, (_, i) => nth(from + i, `made-up-${from + i}`)));
      }
      const info = String(await valkey.ask('INFO'));
      const figure = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
      expect(figure('evicted_keys')).toBeGreaterThan(1000);
      expect(figure('used_memory')).toBeLessThan(3.5 * 1024 * 1024);
      expect((await workerOn([valkey])).secret()).toEqual(secret);
      expect(findings(await worker.tags([nth(20_000), nth(20_001), nth(20_002)]))).toHaveLength(1);
    });
  });

  describe('a server that does not answer', () => {
    test('fails the batch after the timeout, and the next at once', async () => {
      const valkey = await server();
      const worker = await workerOn([valkey], { rules: counted(2), timeout: 200 });
      await worker.tags([nth(0)]);
      valkey.signal('SIGSTOP');
      await expect(worker.tags([nth(1)])).rejects.toThrow('no answer within 200 ms');
      const asked = worker.exchanges.length;
      for (let i = 0; i < 5; i++)
        await expect(worker.tags([nth(1)])).rejects.toMatchObject({ code: 'state.unavailable' });
      expect(worker.exchanges.length).toBe(asked);
      valkey.signal('SIGCONT');
      await expect.poll(worker.isAvailable, { timeout: 10_000 }).toBe(true);
      // The batch may have counted already: an event counts once.
      expect(findings(await worker.tags([nth(1)]))).toMatchObject([{ correlation: { value: 2 } }]);
    });

    test('is replaced by what the worker itself has seen, which tags say, until it is back', async () => {
      const valkey = await server();
      const local = memoryStore();
      const worker = await workerOn([valkey], { rules: counted(2), local });
      const tags = await worker.tags([nth(0)]);
      expect(tags[0]).not.toHaveProperty('state');
      await valkey.kill();
      const alone = await worker.tags([nth(1), { no: 'event' }]);
      expect(findings(alone)).toEqual([]);
      expect(alone).toMatchObject([{ verdict: 'clear', state: 'local' }, { verdict: 'not_audit' }]);
      expect(alone[1]).not.toHaveProperty('state');
      const found = await worker.tags([nth(2)]);
      expect(found[0]).toMatchObject({ verdict: 'match', state: 'local' });
      await server({ port: valkey.port });
      await expect.poll(worker.isAvailable, { timeout: 10_000 }).toBe(true);
      expect((await worker.tags([nth(3)]))[0]).not.toHaveProperty('state');
    });
  });

  test('TLS works with the configured authority and no other', async () => {
    const tlsPort = await freePort();
    const files = ['--tls-cert-file', pem('listener.cert'), '--tls-key-file', pem('listener.key')];
    const authority = ['--tls-ca-cert-file', pem('authority.cert'), '--tls-auth-clients', 'no'];
    await server({ args: ['--tls-port', String(tlsPort), ...files, ...authority] });
    const options = { rules: counted(2), isTls: true };
    const worker = await workerOn([{ port: tlsPort }], { ...options, ca: pem('authority.cert') });
    expect(findings(await worker.tags([nth(0), nth(1)]))).toHaveLength(1);
    const others = await workerOn([{ port: tlsPort }], options);
    await expect(others.tags([nth(2)])).rejects.toThrow('certificate');
  });

  test('a user with the permissions on the page suffices, and may do no more', async () => {
    const acl = aclOfPage().replace('PASSWORD', 's3cret');
    const valkey = await server();
    await valkey.ask('ACL', 'SETUSER', ...acl.split(' '));
    await valkey.ask('ACL', 'SETUSER', 'default', 'off');
    const rules = counted(2);
    const credentials = { username: 'tripline', password: 's3cret', rules, prefix: 'tripline' };
    const worker = await workerOn([valkey], credentials);
    await worker.tags([nth(0)]);
    expect(findings(await worker.tags([nth(1)]))).toHaveLength(1);
    const others = await workerOn([valkey], { ...credentials, prefix: 'other' });
    await expect(others.tags([nth(0)])).rejects.toThrow('NOPERM');
    const wrong = await workerOn([valkey], { ...credentials, password: 'wrong' });
    await expect(wrong.tags([nth(0)])).rejects.toThrow('WRONGPASS');
  });
});

async function follow(replica: ValkeyServer, primary: ValkeyServer): Promise<void> {
  await replica.ask('REPLICAOF', '127.0.0.1', String(primary.port));
  await expect
    .poll(async () => String(await replica.ask('INFO', 'replication')), { timeout: 20_000 })
    .toContain('master_link_status:up');
}

/** Waits until the replica has all writes. */
async function isEqual(primary: ValkeyServer, replica: ValkeyServer): Promise<void> {
  const mark = String(performance.now());
  await primary.ask('SET', 'mark', mark);
  await expect.poll(() => replica.ask('GET', 'mark'), { timeout: 20_000 }).toBe(mark);
}

/** The user that docs/shared-state.md shows. */
function aclOfPage(): string {
  return snippets('docs/shared-state.md', 'text')
    .find((text) => text.includes('~{'))!
    .trim();
}

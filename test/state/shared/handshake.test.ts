import { expect, test } from 'vitest';
import { memoryAdvice } from '../../../src/state/shared/handshake.ts';

const info = (bytes: string, policy: string) =>
  `# Memory\r\nused_memory:1\r\nmaxmemory:${bytes}\r\nmaxmemory_human:0B\r\nmaxmemory_policy:${policy}\r\n`;

test.each<[string, () => Promise<unknown>, RegExp | undefined]>([
  ['no bound', async () => info('0', 'noeviction'), /no memory limit: set maxmemory/],
  ['no eviction', async () => info('1000', 'noeviction'), /refuses writes when it is full/],
  ['eviction of any key', async () => info('1000', 'allkeys-lru'), /may evict the secret/],
  ['eviction of keys with a TTL', async () => info('1000', 'volatile-lru'), undefined],
  ['the shortest TTL first', async () => info('1000', 'volatile-ttl'), undefined],
  ['an answer that says nothing', async () => '', undefined],
  ['an answer that is none', async () => null, undefined],
  ['a refusal', () => Promise.reject(new Error('NOPERM')), undefined],
])('a server with %s', async (_, send, advice) => {
  const given = await memoryAdvice(send);
  if (advice === undefined) expect(given).toBeUndefined();
  else expect(given).toMatch(advice);
});

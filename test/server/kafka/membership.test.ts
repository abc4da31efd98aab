import { expect, it } from 'vitest';
import { partitionCounts } from '../../../src/server/kafka/membership.ts';

it('topics with more partitions than before are distinguished from those that cannot be asked about', async () => {
  const counts: Record<string, number> = { a: 1, b: 6 };
  const metadata = async ({ topics }: { topics: string[] }) => ({
    topics: new Map(topics.map((topic) => [topic, { partitionsCount: counts[topic] }])),
  });
  const of = (asked: unknown) => partitionCounts({ metadata: asked } as any, ['a', 'b']);
  const before = await of(metadata);
  expect(before).toBe('a 1, b 6');
  expect(await of(metadata)).toBe(before);
  counts.a = 4;
  expect(await of(metadata)).toBe('a 4, b 6');
  expect(await of(() => Promise.reject(new Error('away')))).toBeUndefined();
});

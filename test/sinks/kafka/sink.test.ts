import { expect, test } from 'vitest';
import { messagesBody } from '../../../src/codecs/framing/messages.ts';
import { jsonMessages } from '../../../src/codecs/messages.ts';
import { partsOf } from '../../../src/sinks/kafka/producing.ts';
import { problemOf, taggedBatch } from '../contract.ts';
import { openConfigured, openLetters } from '../request/posting.ts';

/** Nothing listens at this address. */
const settings = {
  type: 'kafka',
  brokers: ['127.0.0.1:1'],
  topic: 'tagged',
  maxMessageBytes: 1024,
  timeoutSeconds: 0.3,
};
const frames = (...values: string[]) =>
  messagesBody(values.map((value, index) => ({ partition: 0, offset: BigInt(index), parts: [Buffer.from(value)] })));

test('brokers that cannot be reached are named', async () => {
  const { sink, lines } = await openConfigured(settings);
  const problem = await problemOf(sink.deliver(taggedBatch(jsonMessages, frames('{}'))));
  expect(problem.code).toBe('sink.unavailable');
  expect(problem.message).toBe('sink kafka: 127.0.0.1:1 cannot be reached: no acknowledgement within 0.3 s');
  expect(lines.map(({ message }) => message)).toEqual([expect.stringContaining('sink kafka: 127.0.0.1:1')]);
});

test('a record that is too large is kept, or its batch is refused with the setting to change', async () => {
  const batch = taggedBatch(jsonMessages, frames('{}', `{"a":"${'x'.repeat(2000)}"}`));
  const alone = await openConfigured(settings);
  const problem = await problemOf(alone.sink.deliver(batch));
  expect(problem).toMatchObject({
    code: 'sink.refused',
    message: expect.stringMatching(
      /would refuse 1 of 2 records, which are larger than maxMessageBytes, 1024 bytes; set deadLetterPath/,
    ),
  });
  const folder = await openLetters();
  const { sink, letters } = await openConfigured(settings, folder);
  await problemOf(sink.deliver(batch));
  const [letter] = letters();
  expect(letter!.head.headers).toEqual({ 'content-type': 'application/vnd.tripline.messages+json' });
  const [record] = jsonMessages.decode(letter!.body, { maxDepth: 64, maxRecords: 10 });
  expect(letter!.body.subarray(record!.start, record!.end).toString()).toMatch(/^\{"a":"x+"\}$/);
});

test('messages are grouped by their whole size, even if they have no value', () => {
  const headers = new Map([[Buffer.from('tripline-detail'), Buffer.alloc(85)]]);
  const message = { topic: 'dead', value: Buffer.alloc(0), headers };
  const parts = [...partsOf(Array(100).fill(message), 1500)].map(({ length }) => length);
  expect(parts).toEqual(Array(10).fill(10));
  const keyed = { topic: 'tagged', key: Buffer.alloc(1000), value: Buffer.alloc(100) };
  expect([...partsOf([keyed, keyed], 1500)]).toHaveLength(2);
});

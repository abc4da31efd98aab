/** Settings of the Kafka input and sink: which go together, and what is reported of those that do not. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-config-kafka-'));

function load(settings: object | string) {
  const path = join(folder, 'tripline.yaml');
  writeFileSync(path, typeof settings === 'string' ? settings : JSON.stringify(settings));
  return loadConfig({ path, overrides: {}, environment: { PASSWORD: 's3cret' }, bundledRules: '/bundled' });
}

const brokers = ['kafka:9092'];
const input = { brokers, topics: ['audit'] };
const sink = { type: 'kafka', brokers, topic: 'tagged' };

test('have defaults', () => {
  expect(load({ kafka: input, sinks: [sink] })).toMatchObject({
    kafka: { group: 'tripline', format: 'json', from: 'earliest', maxBatchBytes: 1024 * 1024 },
    sinks: [{ name: 'kafka', format: 'json', key: 'cluster', exactlyOnce: false, compression: 'zstd' }],
  });
});

test.each<[string, object]>([
  [
    'one that commits, on the same brokers in any order',
    {
      kafka: { ...input, brokers: ['a:1', 'b:2'] },
      sinks: [{ ...sink, brokers: ['b:2', 'a:1'], exactlyOnce: true }],
    },
  ],
  ['a sink alone', { sinks: [sink] }],
  ['an input with other sinks', { kafka: input, sinks: [{ type: 'stdout' }] }],
  [
    'credentials from elsewhere',
    {
      kafka: { ...input, tls: {}, sasl: { username: '$ConnectionString', password: '$' + '{PASSWORD}' } },
      sinks: [sink],
    },
  ],
  ['an address of IPv6', { kafka: { ...input, brokers: ['[::1]:9092'] }, sinks: [sink] }],
  ['the same topic at other brokers', { kafka: input, sinks: [{ ...sink, brokers: ['other:9092'], topic: 'audit' }] }],
])('%s', (_, settings) => expect(load(settings)).toBeDefined());

test.each<[string, object, string]>([
  ['no brokers', { kafka: { topics: ['a'] }, sinks: [sink] }, 'kafka.brokers'],
  ['an empty list of brokers', { kafka: { ...input, brokers: [] }, sinks: [sink] }, 'kafka.brokers'],
  ['a broker without a port', { kafka: { ...input, brokers: ['kafka'] }, sinks: [sink] }, 'kafka.brokers'],
  ['a URL for a broker', { kafka: { ...input, brokers: ['https://kafka:9092'] }, sinks: [sink] }, 'kafka.brokers'],
  [
    'a port that there is not',
    { kafka: { ...input, brokers: ['kafka:70000'] }, sinks: [sink] },
    'has no port from 1 to 65535',
  ],
  ['no topics', { kafka: { ...input, topics: [] }, sinks: [sink] }, 'kafka.topics'],
  ['a topic twice', { kafka: { ...input, topics: ['a', 'a'] }, sinks: [sink] }, 'kafka.topics'],
  ['a topic of odd characters', { kafka: { ...input, topics: ['a b'] }, sinks: [sink] }, 'kafka.topics'],
  ['a topic for a list', { kafka: { ...input, topics: 'audit' }, sinks: [sink] }, 'kafka.topics'],
  [
    'a format that there is not',
    { kafka: { ...input, format: 'avro' }, sinks: [sink] },
    'kafka.format must be one of json, msgpack',
  ],
  ['no sink', { kafka: input }, 'kafka receives records that have nowhere to go; add a sink'],
  [
    'a batch beyond the limit',
    { kafka: { ...input, maxBatchBytes: 1e9 }, sinks: [sink] },
    'kafka.maxBatchBytes is more than limits.maxPendingBytes; lower it',
  ],
  [
    'a topic that is read and written',
    { kafka: input, sinks: [{ ...sink, topic: 'audit' }] },
    'kafka.topics: audit is also written to by a sink, and would loop',
  ],
  [
    'a topic that is read and has findings',
    { kafka: input, sinks: [{ ...sink, findings: { topic: 'audit' } }] },
    'would loop',
  ],
  [
    'a topic that is read and has dead letters',
    { kafka: input, sinks: [{ ...sink, deadLetterTopic: 'audit' }] },
    'would loop',
  ],
  [
    'a password that stands there',
    { kafka: { ...input, sasl: { username: 'a', password: 's3cret' } }, sinks: [sink] },
    'kafka.sasl.password is a secret, but is in the configuration itself',
  ],
  [
    'a mechanism that there is not',
    { kafka: { ...input, sasl: { mechanism: 'GSSAPI', username: 'a', password: '$' + '{PASSWORD}' } }, sinks: [sink] },
    'kafka.sasl.mechanism must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512',
  ],
  [
    'an authority that is not there',
    { kafka: { ...input, tls: { ca: '/nowhere' } }, sinks: [sink] },
    'kafka.tls.ca: ENOENT',
  ],
  [
    'exactly once without the input',
    { sinks: [{ ...sink, exactlyOnce: true }] },
    'exactlyOnce is for records that are read from Kafka; set kafka, the input, or leave it out',
  ],
  [
    'exactly once elsewhere',
    { kafka: input, sinks: [{ ...sink, brokers: ['other:9092'], exactlyOnce: true }] },
    'exactlyOnce needs the brokers of the input',
  ],
  [
    'exactly once twice',
    {
      kafka: input,
      sinks: [
        { ...sink, exactlyOnce: true },
        { ...sink, name: 'b', exactlyOnce: true },
      ],
    },
    'exactlyOnce can be true for one sink only',
  ],
  [
    'exactly once of some records',
    { kafka: input, sinks: [{ ...sink, exactlyOnce: true, records: { level: 'high' } }] },
    'records: exactlyOnce needs each batch whole, and before its sender is answered',
  ],
  [
    'exactly once behind a spool',
    { kafka: input, sinks: [{ ...sink, exactlyOnce: true, spool: { path: '/tmp/spool' } }] },
    'spool: exactlyOnce needs',
  ],
  [
    'exactly once, or not at all',
    { kafka: input, sinks: [{ ...sink, exactlyOnce: true, required: false }] },
    'required: false cannot be used with exactlyOnce',
  ],
  ['a sink without a topic', { sinks: [{ type: 'kafka', brokers }] }, 'topic'],
])('%s is refused', (_, settings, message) => {
  expect(() => load(settings)).toThrow(message);
});

/** `tripline reconcile`: missing events are named, whatever the layouts of source and destination. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodeContainer } from '../../../src/avro/container.ts';
import { taggedBody } from '../../../src/batch/splice.ts';
import { codecFor } from '../../../src/codecs/index.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { type ProcessedBatch, processBatch } from '../../../src/pipeline.ts';
import { partsOf } from '../../../src/pipeline-dependencies.ts';
import { layoutsOf } from '../../inputs/layouts.ts';
import fc from '../../properties.ts';
import { bundledRules, podEvent } from '../../server/app.ts';
import { fluentMsgpack, rulesetOf } from '../../tagged.ts';
import { lines } from '../files.ts';
import { type Ran, run, workFolder } from '../run.ts';

const ruleset = rulesetOf('pod-host-pid');

const folder = workFolder();
let files = 0;

function file(content: string | Uint8Array, name = `file-${++files}`): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const reconcile = (source: string, destination: string, ...args: string[]): Promise<Ran> =>
  run(['reconcile', source, destination, ...args]);

const differences = ({ stdout }: Ran): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
const parts = partsOf(config, () => ruleset, []);

function processed(bytes: Uint8Array, mediaType: string): Promise<ProcessedBatch> {
  const batch = { fluentTag: 'kube.audit', codec: codecFor(mediaType)!, bytes, receivedUnixNano: 1n };
  return processBatch(batch, parts);
}

const tagged = async (bytes: Uint8Array, mediaType: string) => taggedBody(await processed(bytes, mediaType));
const inAvro = async (bytes: Uint8Array, mediaType: string) =>
  encodeContainer(await processed(bytes, mediaType), () => true);
const msgpackOf = (records: readonly unknown[]) => Buffer.concat(records.map((record) => fluentMsgpack(record)));

const eventOf = (auditID: string, stage = 'ResponseComplete') => ({ ...podEvent({ auditID }), stage });

/** Ways in which the clouds wrap an event. */
const wrappers: Record<string, (event: Record<string, unknown>) => unknown> = {
  kubernetes: (event) => event,
  eks: (event) => ({ eventId: '1', message: JSON.stringify(event), logStream: 'kube-apiserver-audit-0a' }),
  aks: (event) => ({
    category: 'kube-audit',
    operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
    properties: { log: JSON.stringify(event) },
  }),
  gke: ({ auditID }) => ({
    insertId: `i-${auditID}`,
    operation: { id: auditID, producer: 'k8s.io', first: true, last: true },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'k8s.io',
      methodName: 'io.k8s.core.v1.pods.create',
      resourceName: 'core/v1/namespaces/default/pods/web',
      authenticationInfo: { principalEmail: 'ann@example.com' },
      status: {},
    },
    resource: { type: 'k8s_cluster', labels: { cluster_name: 'prod' } },
    timestamp: '2026-01-02T03:04:05Z',
  }),
};

describe('dropped and repeated at random', () => {
  const outcome = fc.record({
    wrapper: fc.constantFrom(...Object.keys(wrappers)),
    stage: fc.constantFrom('RequestReceived', 'ResponseComplete'),
    /** How often it is in the source, and how often it arrived. */
    sent: fc.constantFrom(0, 1, 1, 1, 1, 2),
    arrived: fc.constantFrom(0, 1, 1, 1, 1, 2, 3),
    /** Where it is in the destination. */
    place: fc.nat(),
  });

  test('each missing event is named with its line, and no other is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(outcome, { maxLength: 40 }), fc.constantFrom('lines', 'msgpack', 'avro'), check),
      { numRuns: 20 },
    );
  });

  async function check(outcomes: (typeof outcome extends fc.Arbitrary<infer T> ? T : never)[], layout: string) {
    const source: unknown[] = [];
    const arrived: { place: number; record: unknown }[] = [];
    const expected = { missing: 0, repeated: 0, only_in_destination: 0 };
    const missing: unknown[] = [];
    outcomes.forEach(({ wrapper, stage: wanted, sent, arrived: times, place }, index) => {
      // Entries of Cloud Audit Logs contain no stage.
      const stage = wrapper === 'gke' ? 'ResponseComplete' : wanted;
      const record = wrappers[wrapper]!(eventOf(`id-${index}`, stage));
      for (let time = 0; time < sent; time++) {
        source.push(record);
        if (time >= times) missing.push({ kind: 'missing', line: source.length, auditID: `id-${index}`, stage });
      }
      for (let time = 0; time < times; time++) arrived.push({ place: place + time * 7, record });
      expected.missing += Math.max(0, sent - times);
      expected[sent === 0 ? 'only_in_destination' : 'repeated'] += Math.max(0, times - sent);
    });
    const records = arrived.sort((a, b) => a.place - b.place).map(({ record }) => record);
    const destination = {
      lines: () => tagged(Buffer.from(lines(...records)), 'application/x-ndjson'),
      msgpack: () => tagged(msgpackOf(records), 'application/msgpack'),
      avro: () => inAvro(msgpackOf(records), 'application/msgpack'),
    }[layout]!;
    const ran = await reconcile(
      file(lines(...source), 'source'),
      file(records.length === 0 ? '' : await destination(), 'destination'),
      '--all',
    );
    const found = differences(ran);
    const named = found.filter(({ kind }) => kind === 'missing');
    expect(named.map(({ kind, line, auditID, stage }) => ({ kind, line, auditID, stage }))).toEqual(missing);
    for (const [kind, number] of Object.entries(expected)) {
      expect(found.filter((difference) => difference.kind === kind)).toHaveLength(number);
    }
    expect(found).toHaveLength(expected.missing + expected.repeated + expected.only_in_destination);
    expect(ran.status).toBe(expected.missing > 0 ? 1 : 0);
    expect(ran.stderr).toContain(`${expected.missing} missing, 0 not comparable, ${expected.repeated} repeated`);
  }
});

describe('layouts', () => {
  const events = ['a', 'b', 'c'].map((auditID) => eventOf(auditID));

  /** Layouts with a line of text that is not an event. */
  const withText = ['CRI in parts', 'NUL bytes before an array'];

  test.each(layoutsOf(events).filter(({ name }) => !withText.includes(name)))('$name', async ({ content }) => {
    const less = file(await tagged(msgpackOf(events.slice(1)), 'application/msgpack'));
    const ran = await reconcile(file(gzipSync(content)), less);
    expect(differences(ran)).toMatchObject([{ kind: 'missing', auditID: 'a' }]);
    expect(ran.status).toBe(1);
  });

  test('a folder of files is one archive', async () => {
    const archive = join(folder, 'archive');
    mkdirSync(join(archive, '2026'), { recursive: true });
    file(zstdCompressSync(lines(events[0])), 'archive/1.zst');
    file(JSON.stringify(events.slice(1)), 'archive/2026/2.json');
    file('not to be read', 'archive/.part');
    expect((await reconcile(file(lines(...events)), archive)).status).toBe(0);
    const extra = differences(await reconcile(file(lines(...events.slice(0, 2))), archive));
    expect(extra).toEqual([
      {
        kind: 'only_in_destination',
        file: join(archive, '2026/2.json'),
        record: 2,
        line: 1,
        auditID: 'c',
        stage: 'ResponseComplete',
      },
    ]);
  });

  test('the source may come from a pipe', async () => {
    const { status } = await run(['reconcile', '-', file(lines(...events))], { input: lines(...events) });
    expect(status).toBe(0);
    expect((await run(['reconcile', file(''), '-'])).stderr).toContain('the destination is read twice');
  });

  test('an event list counts as the events that it holds', async () => {
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: events };
    const ran = await reconcile(file(lines(list)), file(lines(events[0], events[2])));
    expect(differences(ran)).toMatchObject([{ kind: 'missing', line: 1, auditID: 'b' }]);
    expect(ran.status).toBe(1);
  });
});

describe('records without an audit ID', () => {
  const odd = { level: 'info', at: 1, big: 1 };
  const text = JSON.stringify(odd).replace('"big":1', '"big":12345678901234567890');

  test('are identified by their content, whatever carries it', async () => {
    const source = file(`started\n${text}\n${JSON.stringify({ ...eventOf(''), auditID: undefined })}\n`);
    const arrived = [
      `{"date":1.5,"big":12345678901234567890, "level":"info","at":1}`,
      JSON.stringify({ date: 2, log: 'started' }),
      JSON.stringify({ ...eventOf(''), auditID: undefined }),
    ].join('\n');
    const destination = file(await tagged(Buffer.from(arrived), 'application/x-ndjson'));
    expect(await reconcile(source, destination)).toMatchObject({ status: 0, stdout: '' });
  });

  test('that are not found are named as not comparable, as they may have been changed', async () => {
    const ran = await reconcile(file(`started\nstopped\n`), file(lines({ log: 'started' }, { message: 'stopped' })));
    expect(ran.status).toBe(2);
    expect(differences(ran).map(({ kind, line }) => [kind, line])).toEqual([
      ['not_comparable', 2],
      ['only_in_destination', 2],
    ]);
  });
});

test('a file that cannot be read to its end makes the result uncertain', async () => {
  const whole = file(lines(eventOf('a')));
  const cut = file(gzipSync(lines(eventOf('a'), eventOf('b'))).subarray(0, -12));
  const ran = await reconcile(whole, cut);
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain('gzip');
  expect((await reconcile(whole, join(folder, 'none'))).status).toBe(2);
});

test('an audit ID that its client chose for many requests hides none of them', async () => {
  const same = eventOf('chosen');
  const ran = await reconcile(file(lines(same, same, same)), file(lines(same)));
  expect(ran.status).toBe(1);
  expect(differences(ran).map(({ kind, line }) => [kind, line])).toEqual([
    ['missing', 2],
    ['missing', 3],
  ]);
});

test('the first twenty of each kind are named, as a table on a terminal', async () => {
  const source = file(lines(...Array.from({ length: 30 }, (_, index) => eventOf(`s-${index}`))));
  const destination = file(lines(...Array.from({ length: 30 }, (_, index) => eventOf(`d-${index}`))));
  const short = await reconcile(source, destination);
  expect(differences(short)).toHaveLength(40);
  expect(short.stderr).toContain('30 missing');
  expect(differences(await reconcile(source, destination, '--all'))).toHaveLength(60);
  const { stdout } = await run(['reconcile', source, destination], { columns: 200 });
  expect(stdout.split('\n')[0]).toMatch(/^KIND +FILE +RECORD +LINE +AUDIT ID +STAGE$/);
  for (const form of ['table', 'csv']) {
    const all = await reconcile(source, destination, '--all', '--output', form);
    expect(all.stdout.trimEnd().split('\n')).toHaveLength(61);
  }
  expect((await reconcile(source, source, '-o', 'json')).stdout).toBe('[]\n');
});

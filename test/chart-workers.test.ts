/** The chart with workers on Kafka, and its notes after an installation. HELM names the program that renders it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { chart, find, openHelm } from './helm.ts';

const { HELM } = process.env;

if (HELM === undefined) {
  test.skip('workers are rendered: set HELM to the program');
} else {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-chart-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const { helm, rendered } = openHelm(HELM, folder);
  const worker = (given: object = {}, settings: object = {}) =>
    stringify({
      mode: 'deployment',
      config: {
        auth: { bearer: '${TOKEN}' },
        kafka: { brokers: ['a:9092', 'b:9092'], topics: ['audit', 'other'] },
        sinks: [{ type: 'stdout' }],
        ...settings,
      },
      ...given,
    });

  test.each(['daemonset', 'deployment'])('a state server replaces the state file of a %s', (mode) => {
    const text = worker({ mode }, { state: { url: 'redis://valkey:6379' } });
    expect(parse(find(rendered(text), 'ConfigMap').data['tripline.yaml']!).state).toEqual({
      url: 'redis://valkey:6379',
    });
  });

  test('the number of workers follows the lag of their topics', () => {
    const autoscaling = { enabled: true, maxReplicas: 12, lagPerReplica: 2_000_000, authenticationRef: 'kafka' };
    const objects = rendered(worker({ autoscaling }));
    expect(find(objects, 'Deployment').spec).not.toHaveProperty('replicas');
    const trigger = (topic: string) => ({
      type: 'kafka',
      metadata: {
        bootstrapServers: 'a:9092,b:9092',
        consumerGroup: 'tripline',
        topic,
        lagThreshold: '2000000',
        offsetResetPolicy: 'earliest',
        excludePersistentLag: 'true',
      },
      authenticationRef: { name: 'kafka' },
    });
    expect(find(objects, 'ScaledObject').spec).toEqual({
      scaleTargetRef: { name: find(objects, 'Deployment').metadata.name },
      minReplicaCount: 1,
      maxReplicaCount: 12,
      triggers: [trigger('audit'), trigger('other')],
    });
    const settings = { kafka: { brokers: ['a:9092'], topics: ['audit'], group: 'ours', from: 'latest' } };
    const [only] = find(rendered(worker({ autoscaling: { enabled: true } }, settings)), 'ScaledObject').spec.triggers;
    expect(only).toMatchObject({ metadata: { consumerGroup: 'ours', offsetResetPolicy: 'latest' } });
    expect(only).not.toHaveProperty('authenticationRef');
    const off = rendered(worker({ replicas: 3 }));
    expect(find(off, 'Deployment').spec.replicas).toBe(3);
    expect(find(off, 'ScaledObject')).toBeUndefined();
  });

  describe('the notes after an installation', () => {
    // Helm renders the notes only if there is a cluster.
    const noted = join(folder, 'noted');
    cpSync(chart, noted, { recursive: true });
    const template = readFileSync(join(chart, 'templates/NOTES.txt'), 'utf8');
    const asObject = `{{ define "notes" }}${template}{{ end }}kind: Notes\nmetadata: {}\ntext: {{ include "notes" . | quote }}\n`;
    writeFileSync(join(noted, 'templates/notes.yaml'), asObject);
    const { rendered: renderedWithNotes } = openHelm(HELM, folder, noted);
    const said = (text: string) => (find(renderedWithNotes(text), 'Notes') as unknown as { text: string }).text;
    const auth = { bearer: '${TOKEN}' };
    const state = { url: 'redis://valkey:6379' };
    const apart = { replicas: 'know nothing of each other', workers: 'config.state.url is not set' };

    test.each([
      ['one replica', stringify({ mode: 'deployment', config: { auth } }), []],
      ['two replicas', stringify({ mode: 'deployment', replicas: 2, config: { auth } }), [apart.replicas]],
      ['two that share', stringify({ mode: 'deployment', replicas: 2, config: { auth, state } }), []],
      ['one worker', worker(), []],
      ['two workers', worker({ replicas: 2 }), [apart.workers]],
      ['two workers that share', worker({ replicas: 2 }, { state }), []],
      ['workers by lag', worker({ autoscaling: { enabled: true } }), [apart.workers]],
      ['workers by lag that share', worker({ autoscaling: { enabled: true } }, { state }), []],
    ])('of %s: a warning if they do not know of each other', (_, text, expected) => {
      const notes = said(text);
      expect(Object.values(apart).filter((one) => notes.includes(one))).toEqual(expected);
    });

    test('of a worker: what it reads', () => {
      const text = said(worker({ replicas: 2 }));
      expect(text).toContain('Tripline reads audit, other from a:9092, b:9092, as the consumer group tripline.');
      const [, page, heading] = /Look in (\S+), "(.*)"/.exec(text)!;
      expect(readFileSync(join(chart, '../..', page!), 'utf8')).toContain(`\n## ${heading}\n`);
    });

    test('of a daemonset: that nodes correlate separately, unless they share state', () => {
      const nodes = 'each correlates only its own log';
      expect(said('{}')).toContain(nodes);
      expect(said(stringify({ config: { state } }))).not.toContain(nodes);
    });
  });

  test.each([
    ['workers to whom everybody may send', parse(worker({}, { auth: undefined })), 'config.auth: without it everybody'],
    [
      'a lag of no topic',
      { mode: 'deployment', config: { auth: { bearer: '${TOKEN}' } }, autoscaling: { enabled: true } },
      'autoscaling: it scales by the messages of a topic that are yet to be read; set',
    ],
    [
      'a daemonset that is scaled',
      parse(worker({ mode: 'daemonset', autoscaling: { enabled: true } })),
      'set mode: deployment and config.kafka',
    ],
    [
      'brokers that KEDA does not know',
      parse(worker({ autoscaling: { enabled: true } }, { kafka: { brokers: ['${BROKER}:9092'], topics: ['audit'] } })),
      'write them without ${...}',
    ],
    [
      'more workers at least than at most',
      parse(worker({ autoscaling: { enabled: true, minReplicas: 5 } })),
      'autoscaling.minReplicas: 5 is more than maxReplicas, 3; raise',
    ],
    [
      'a volume of one process for several workers',
      parse(
        worker({
          autoscaling: { enabled: true },
          volumes: { spool: { persistentVolumeClaim: { claimName: 'a' } } },
        }),
      ),
      'volumes.spool: 3 replicas would write to one volume',
    ],
  ])('%s is refused, and the message says what to do', (_, given, message) => {
    expect(helm(stringify(given)).stderr).toContain(message);
  });
}

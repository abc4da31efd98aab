/** Names of metrics, as the docs list them. */
import { globSync, readFileSync } from 'node:fs';
import { type Meter, type MetricOptions, metrics } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { makeInstruments, makeKafkaInstruments, makeRuntimeInstruments } from '../../src/telemetry/instruments.ts';

interface Declared {
  name: string;
  kind: string;
  unit: string | undefined;
}

function declared(): Declared[] {
  const found: Declared[] = [];
  const note = (kind: string) => (name: string, options?: MetricOptions) => {
    found.push({ name, kind, unit: options?.unit });
    return { addCallback() {} };
  };
  const meter = {
    createCounter: note('counter'),
    createObservableCounter: note('counter'),
    createHistogram: note('histogram'),
    createGauge: note('gauge'),
    createObservableGauge: note('gauge'),
    createObservableUpDownCounter: note('gauge'),
  };
  metrics.setGlobalMeterProvider({ getMeter: () => meter as unknown as Meter });
  makeInstruments();
  makeRuntimeInstruments();
  makeKafkaInstruments();
  metrics.disable();
  return found;
}

const units: Record<string, string> = { s: 'seconds', By: 'bytes' };

/** A metric's names on the page. */
function onPage({ name, kind, unit }: Declared): string[] {
  const base = [name.replace(/\./g, '_'), unit && units[unit]].filter(Boolean).join('_');
  if (kind === 'counter') return [`${base}_total`];
  if (kind === 'histogram') return [base, `${base}_count`, `${base}_sum`, `${base}_bucket`];
  return [base];
}

test('docs/telemetry.md lists every metric with its kind and unit', () => {
  const rows = [...readFileSync('docs/telemetry.md', 'utf8').matchAll(/^\| `([a-z0-9._]+)` \| (\w+)(?:, (\w+))? \|/gm)];
  const listed = rows.map(([, name, kind, unit]) => ({ name, kind, unit }));
  const sorted = (all: { name?: string }[]) => all.toSorted((a, b) => (a.name! < b.name! ? -1 : 1));
  expect(sorted(listed)).toEqual(sorted(declared().map(({ unit, ...one }) => ({ ...one, unit: unit && units[unit] }))));
});

test.each([...globSync('docs/**/*.md'), 'charts/tripline/alerts.yaml'])(
  '%s names metrics that are on the page',
  (path) => {
    const known = declared().flatMap(onPage);
    // A name before an equals sign is a label.
    const named = readFileSync(path, 'utf8').match(/\b(tripline|process|v8js|nodejs)_[a-z0-9_]+\b(?!=)/g) ?? [];
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  },
);

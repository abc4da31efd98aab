/** examples/compose: what it mounts exists, and only Grafana can be reached. Docker is not run here, but in CI. Its
 * configurations are tested in test/commands/doctor.test.ts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const compose = join(import.meta.dirname, '../examples/compose');
const read = (path: string) => parse(readFileSync(join(compose, path), 'utf8'));
const { services, volumes: named } = read('compose.yaml') as {
  services: Record<string, { image?: string; build?: string; volumes: string[]; ports?: string[] }>;
  volumes: Record<string, null>;
};

const mounts = Object.entries(services).flatMap(([service, { volumes }]) =>
  volumes.map((volume) => [service, ...volume.split(':')] as [string, string, string, string?]),
);

test('what is mounted exists and is read-only', () => {
  for (const [, from, , mode] of mounts) {
    if (from in named) continue;
    expect(existsSync(join(compose, from)), from).toBe(true);
    expect(mode, from).toBe('ro');
  }
});

test('only Grafana can be reached, and only from this machine', () => {
  const ports = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
  expect(ports).toEqual([['grafana', '127.0.0.1:3000:3000']]);
});

test('Fluent Bit has the version of the chart, and every image is pinned', () => {
  const values = parse(readFileSync(join(compose, '../../charts/tripline/values.yaml'), 'utf8'));
  expect(services['fluent-bit']!.image).toBe(values.fluentBit.image);
  const images = Object.values(services).flatMap(({ image }) => image ?? []);
  expect(images.filter((image) => !/:v?\d+\.\d+\.\d+$/.test(image))).toEqual([]);
});

test('Loki has the limits of examples/loki', () => {
  const { reject_old_samples, ...limits } = read('loki.yaml').limits_config;
  const { reject_old_samples_max_age, ...wanted } = read('../loki/limits.yaml').limits_config;
  expect(limits).toEqual(wanted);
  expect(reject_old_samples).toBe(false);
});

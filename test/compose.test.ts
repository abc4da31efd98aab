/** examples/compose: what it mounts is there, and each program takes its configuration. Docker is not asked; CI does. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../src/config/index.ts';
import { run } from './commands/run.ts';
import { bundledRules } from './server/app.ts';

const compose = join(import.meta.dirname, '../examples/compose');
const read = (path: string) => parse(readFileSync(join(compose, path), 'utf8'));
const { services, volumes: named } = read('compose.yaml') as {
  services: Record<string, { image?: string; build?: string; volumes: string[]; ports?: string[] }>;
  volumes: Record<string, null>;
};
const folder = mkdtempSync(join(tmpdir(), 'tripline-compose-'));
afterAll(() => rmSync(folder, { recursive: true }));

const mounts = Object.entries(services).flatMap(([service, { volumes }]) =>
  volumes.map((volume) => [service, ...volume.split(':')] as [string, string, string, string?]),
);

test('what is mounted is there, and is not written to', () => {
  for (const [, from, , mode] of mounts) {
    if (from in named) continue;
    expect(existsSync(join(compose, from)), from).toBe(true);
    expect(mode, from).toBe('ro');
  }
});

test('nothing but Grafana can be reached, and that from this machine alone', () => {
  const ports = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
  expect(ports).toEqual([['grafana', '127.0.0.1:3000:3000']]);
});

test('its versions are those of the chart, and none is the latest', () => {
  const values = parse(readFileSync(join(compose, '../../charts/tripline/values.yaml'), 'utf8'));
  expect(services['fluent-bit']!.image).toBe(values.fluentBit.image);
  const images = Object.values(services).flatMap(({ image }) => image ?? []);
  expect(images.filter((image) => !/:\d+\.\d+\.\d+$/.test(image))).toEqual([]);
});

test('Tripline takes its configuration, and doctor finds nothing in that of Fluent Bit beside it', async () => {
  loadConfig({ path: join(compose, 'tripline.yaml'), overrides: {}, environment: {}, bundledRules });
  for (const [service, from] of mounts) {
    if (service === 'fluent-bit' && from.endsWith('.yaml'))
      copyFileSync(join(compose, from), join(folder, basename(from)));
  }
  const args = ['doctor', join(folder, 'fluent-bit.yaml'), '--config', join(compose, 'tripline.yaml')];
  expect((await run(args, { environment: { LOKI_HOST: 'loki' } })).stdout).toMatch(/^\d files, 0 findings\n$/);
});

test('Loki has the limits of examples/loki', () => {
  const { reject_old_samples, ...limits } = read('loki.yaml').limits_config;
  const { reject_old_samples_max_age, ...wanted } = read('../loki/limits.yaml').limits_config;
  expect(limits).toEqual(wanted);
  expect(reject_old_samples).toBe(false);
});

/** The workflows of .github: what they call exists, and a release runs only if a maintainer has switched it on. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const { scripts, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

interface Step {
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
}
interface Job {
  if?: string;
  steps: Step[];
  'timeout-minutes'?: number;
}

const folder = join(root, '.github/workflows');
const workflows = readdirSync(folder).map((name) => {
  const { jobs, permissions } = parse(readFileSync(join(folder, name), 'utf8')) as {
    jobs: Record<string, Job>;
    permissions: unknown;
  };
  return { name, permissions, jobs: Object.values(jobs) };
});

describe.each(workflows)('$name', ({ name, permissions, jobs }) => {
  const steps = jobs.flatMap((job) => job.steps);

  test('may only read, except in jobs that say otherwise, and has a timeout', () => {
    expect(permissions).toEqual({ contents: 'read' });
    for (const job of jobs) expect(job['timeout-minutes']).toBeGreaterThan(0);
  });

  test('calls scripts that exist, on the oldest Node that engines names', () => {
    const called = steps.flatMap(({ run = '' }) =>
      [...run.matchAll(/npm (?:(test)|run (?:--silent )?(\S+))/g)].map(([, own, script]) => own ?? script!),
    );
    expect(called.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
    const versions = steps.flatMap((step) => step.with?.['node-version'] ?? []);
    expect(versions).toContain(Number(/\d+/.exec(engines.node)![0]));
  });

  test('releases nothing unless it is switched on', () => {
    const publishes = (job: Job) =>
      job.steps.some(({ run = '', with: given }) => /publish|cosign/.test(run) || given?.push !== undefined);
    const conditions = jobs.filter(publishes).map((job) => job.if);
    expect(new Set(conditions)).toEqual(new Set(name === 'release.yml' ? ["vars.RELEASE == 'on'"] : []));
  });
});

describe('what is installed', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; dev?: boolean; resolved?: string }>;
  };
  const installed = Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, { version, dev }]) => ({ name: path.replace(/.*node_modules\//, ''), version, isDev: dev === true }));

  test('has one copy of each package of OpenTelemetry', () => {
    const names = installed.map(({ name }) => name).filter((name) => name.startsWith('@opentelemetry/'));
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('is in the bill of materials, with development dependencies marked', () => {
    const text = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root, encoding: 'utf8' });
    const { bomFormat, components } = JSON.parse(text) as { bomFormat: string; components: Component[] };
    expect(bomFormat).toBe('CycloneDX');
    const found = new Map(components.map((one) => [decodeURIComponent(one.purl), one]));
    const missing = installed.filter(({ name, version }) => !found.has(`pkg:npm/${name}@${version}`));
    expect(missing).toEqual([]);
    const wrong = installed.filter(({ name, version, isDev }) => {
      const { properties = [] } = found.get(`pkg:npm/${name}@${version}`)!;
      return properties.some((property) => property.name === 'cdx:npm:package:development') !== isDev;
    });
    expect(wrong).toEqual([]);
  });
});

interface Component {
  purl: string;
  properties?: { name: string }[];
}

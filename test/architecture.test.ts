/** Data flows one way: which part of src/ may import which, checked against one table. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** Each part, and the parts that it may import. A part is a folder of src/ or, at the top, a file. */
const mayImport: Record<string, readonly string[]> = {
  problem: [],
  network: [],
  truncate: ['json'],
  time: [],
  attack: ['record'],
  json: ['problem', 'time'],
  msgpack: ['problem', 'json'],
  protobuf: ['record'],
  record: ['json', 'problem'],
  tag: ['record'],
  audit: ['record'],
  outline: [],
  sigma: ['json', 'network', 'problem', 'truncate'],
  batch: ['codecs', 'json', 'msgpack', 'protobuf', 'record', 'tag'],
  codecs: ['json', 'msgpack', 'outline', 'protobuf', 'record', 'problem', 'time', 'tag'],
  normalizers: ['audit', 'json', 'network', 'problem', 'record', 'resource-path', 'time'],
  'resource-path': ['record'],
  enrichment: ['json', 'sigma'],
  fields: ['audit', 'enrichment', 'json', 'network', 'record', 'sigma'],
  finding: ['attack', 'record', 'tag', 'truncate', 'sigma', 'time'],
  detect: ['audit', 'enrichment', 'fields', 'finding', 'normalizers', 'problem', 'record', 'sigma'],
  'batch-memory': ['detect', 'record', 'time'],
  decisions: ['audit', 'detect', 'fields', 'json', 'msgpack', 'normalizers', 'outline', 'record', 'sigma'],
  tagger: ['detect', 'finding', 'record', 'truncate', 'tag'],
  telemetry: ['detect', 'network', 'record', 'truncate', 'time', 'tag'],
  state: ['json', 'problem'],
  correlate: [
    'audit',
    'detect',
    'enrichment',
    'fields',
    'finding',
    'json',
    'problem',
    'record',
    'truncate',
    'sigma',
    'state',
    'time',
  ],
  novelty: ['detect', 'finding', 'findings', 'json', 'network', 'record', 'state', 'time'],
  findings: [
    'attack',
    'batch',
    'detect',
    'enrichment',
    'json',
    'network',
    'record',
    'sigma',
    'tag',
    'tagger',
    'telemetry',
    'time',
  ],
  console: [
    ...['attack', 'audit', 'authoring', 'batch', 'codecs', 'config', 'detect', 'fields', 'findings', 'pipeline'],
    ...[
      'pipeline-dependencies',
      'problem',
      'record',
      'rules',
      'sigma',
      'silence',
      'tag',
      'tagger',
      'telemetry',
      'truncate',
    ],
  ],
  silence: ['batch', 'record'],
  redaction: ['batch', 'codecs', 'json', 'msgpack', 'record', 'tag'],
  'fluent-forward': ['msgpack', 'problem', 'record'],
  sinks: [
    'avro',
    'batch',
    'codecs',
    'dead-letters',
    'findings',
    'fluent-forward',
    'free',
    'json',
    'msgpack',
    'outline',
    'problem',
    'protobuf',
    'record',
    'redaction',
    'sigma',
    'silence',
    'storage',
    'tag',
    'telemetry',
    'time',
    'truncate',
  ],
  pipeline: [
    ...[
      'batch',
      'batch-memory',
      'codecs',
      'correlate',
      'decisions',
      'detect',
      'normalizers',
      'novelty',
      'outline',
      'problem',
      'record',
    ],
    ...['sinks', 'tag', 'tagger', 'telemetry'],
  ],
  rules: ['detect', 'enrichment', 'fields', 'problem', 'record', 'sigma', 'telemetry'],
  config: ['json', 'network', 'problem', 'record', 'sigma', 'sinks', 'tag'],
  avro: ['batch', 'json', 'problem', 'record', 'tag'],
  'dead-letters': ['json', 'problem'],
  'fluent-bit-config': ['problem', 'sigma', 'truncate'],
  doctor: ['config', 'fluent-bit-config', 'sigma', 'sources'],
  sources: ['codecs', 'problem', 'protobuf'],
  server: [
    ...[
      'avro',
      'batch',
      'codecs',
      'config',
      'console',
      'dead-letters',
      'detect',
      'fluent-forward',
      'free',
      'msgpack',
      'pipeline',
    ],
    ...['problem', 'record', 'sinks', 'sources', 'tag', 'telemetry', 'time'],
  ],
  'pipeline-dependencies': [
    ...['config', 'correlate', 'decisions', 'detect', 'normalizers', 'outline', 'pipeline', 'sinks', 'state', 'tagger'],
  ],
  processing: [
    ...[
      'config',
      'console',
      'correlate',
      'dead-letters',
      'findings',
      'heap',
      'novelty',
      'pipeline-dependencies',
      'rules',
      'server',
      'silence',
      'sinks',
      'state',
      'telemetry',
    ],
  ],
  'live-settings': ['config', 'rules'],
  sidecar: ['config', 'console', 'dead-letters', 'live-settings', 'problem', 'processing', 'server', 'telemetry'],
  'command-line': ['config', 'detect', 'inputs', 'problem', 'rules', 'sigma', 'truncate'],
  'console-client': ['command-line', 'console'],
  storage: ['problem'],
  inputs: ['avro', 'codecs', 'json', 'problem', 'storage'],
  scanning: [
    ...['batch', 'codecs', 'command-line', 'config', 'correlate', 'detect', 'inputs', 'json', 'pipeline'],
    ...['pipeline-dependencies', 'problem', 'record', 'rules', 'server', 'sigma', 'state', 'storage', 'tag'],
  ],
  authoring: [
    ...['attack', 'audit', 'codecs', 'correlate', 'detect', 'enrichment', 'fields', 'json', 'network', 'pipeline'],
    ...['problem', 'record', 'rules', 'truncate', 'sigma', 'state', 'tagger'],
  ],
  commands: [
    ...['attack', 'authoring', 'batch', 'codecs', 'command-line', 'config', 'dead-letters', 'detect', 'inputs', 'json'],
    ...[
      'console',
      'console-client',
      'doctor',
      'findings',
      'fluent-bit-config',
      'pipeline',
      'pipeline-dependencies',
      'problem',
      'record',
      'rules',
      'scanning',
      'server',
      'sidecar',
      'sigma',
      'sinks',
      'sources',
      'tag',
    ],
    'time',
    'truncate',
  ],
  heap: [],
  free: [],
  main: ['command-line', 'commands', 'heap'],
  tripline: ['heap', 'main'],
  library: [...['batch', 'codecs', 'config', 'pipeline', 'pipeline-dependencies', 'problem', 'rules', 'sigma', 'tag']],
  index: ['library', 'problem', 'record', 'tag'],
};

/** The floors of sigma/, and those that each may import. The files beside them, except the facade, are the vocabulary:
 * every floor may use it, and it uses none. */
const sigmaFloors: Record<string, readonly string[]> = {
  match: [],
  parse: ['match'],
  plan: ['match', 'parse'],
  run: ['match', 'plan'],
  lint: ['match', 'parse'],
};

/** Registries: their units know the contract and engines, never each other. */
const registries: Record<string, string> = {
  codecs: 'codec.ts',
  normalizers: 'normalizer.ts',
  sinks: 'sink.ts',
  sources: 'source.ts',
  commands: 'command.ts',
};

/** Parts which reach outside: everything else is free of sockets, files, clocks and environment. */
const effectful = [
  ...[
    'authoring',
    'commands',
    'config',
    'console',
    'console-client',
    'dead-letters',
    'heap',
    'inputs',
    'library',
    'live-settings',
    'main',
    'processing',
    'rules',
    'scanning',
    'server',
    'sidecar',
    'sinks',
    'state',
    'storage',
  ],
  ...['telemetry', 'tripline'],
];
const outside = ['node:fs', 'node:net', 'node:tls', 'node:http', 'node:child_process', 'node:os', 'node:timers'];

interface Module {
  path: string;
  part: string;
  imports: string[];
  text: string;
}

const sources: Module[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => {
    const text = readFileSync(join(src, path), 'utf8');
    const imports = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, specifier]) => specifier);
    return { path, part: partOf(path), imports, text };
  });

/** What runs in browsers, not in the sidecar. */
const pages = sources.filter(({ path }) => path.startsWith('console/page/'));
const modules = sources.filter((module) => !pages.includes(module));

function partOf(path: string): string {
  return path.split('/')[0].replace(/\.ts$/, '');
}

function local({ path, imports }: Module): string[] {
  return (
    imports
      .filter((specifier) => specifier.startsWith('.'))
      // AssemblyScript imports modules without a file extension.
      .map((specifier) =>
        relative(src, join(src, dirname(path), /\.\w+$/.test(specifier) ? specifier : `${specifier}.ts`)),
      )
  );
}

test.each(modules)('$path imports only what its part may', (module) => {
  const allowed = [module.part, ...(mayImport[module.part] ?? [])];
  const crossed = local(module).filter((target) => !allowed.includes(partOf(target)));
  expect(crossed).toEqual([]);
});

const insideSigma = modules.filter(({ path, part }) => part === 'sigma' && path !== 'sigma/index.ts');

test.each(insideSigma)('$path imports only what its floor may', (module) => {
  const floor = floorOf(module.path);
  const allowed = [undefined, floor, ...(floor === undefined ? [] : (sigmaFloors[floor] ?? []))];
  const within = local(module).filter((target) => partOf(target) === 'sigma');
  expect(within.filter((target) => target === 'sigma/index.ts' || !allowed.includes(floorOf(target)))).toEqual([]);
});

/** The folder below sigma/; undefined for the vocabulary beside the floors. */
function floorOf(path: string): string | undefined {
  const [, floor, file] = path.split('/');
  return file === undefined ? undefined : floor;
}

test('no file is longer than 400 lines', () => {
  const long = sources.filter(({ text }) => text.split('\n').length > 401);
  expect(long.map(({ path }) => path)).toEqual([]);
});

test.each(pages)('$path imports only types from the sidecar', ({ path, text }) => {
  const imports = [...text.matchAll(/^import (type )?[^;]*? from '(\.[^']+)';/gms)];
  const crossing = imports.filter(([, , target]) => !join(dirname(path), target).startsWith('console/page/'));
  expect(crossing.filter(([, type]) => type === undefined).map(([line]) => line)).toEqual([]);
});

test('every part of src/ has a row in the table', () => {
  expect([...new Set(modules.map(({ part }) => part))].filter((part) => !(part in mayImport))).toEqual([]);
});

test('no part is in an import cycle', () => {
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    mayImport[from].some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
  expect(Object.keys(mayImport).filter((part) => reaches(part, part))).toEqual([]);
});

test('no file is in an import cycle', () => {
  const importsOf = new Map(modules.map((module) => [module.path, local(module)]));
  const done = new Set<string>();
  const cycleFrom = (path: string, chain: readonly string[]): string | undefined => {
    if (chain.includes(path)) return [...chain.slice(chain.indexOf(path)), path].join(' -> ');
    if (done.has(path)) return undefined;
    const found = importsOf
      .get(path)!
      .map((next) => cycleFrom(next, [...chain, path]))
      .find((cycle) => cycle);
    done.add(path);
    return found;
  };
  expect(modules.map(({ path }) => cycleFrom(path, [])).filter((cycle) => cycle)).toEqual([]);
});

describe.each(Object.entries(registries))('%s', (folder, contract) => {
  const shared = [`${folder}/index.ts`, `${folder}/all.ts`, `${folder}/${contract}`];
  // A unit of several files is a folder with an index.ts.
  const units = modules.filter(({ path }) =>
    dirname(path) === folder ? !shared.includes(path) : dirname(dirname(path)) === folder && path.endsWith('/index.ts'),
  );

  test('holds units', () => expect(units.length).toBeGreaterThan(0));

  test.each(units)('$path does not import its siblings', (module) => {
    const siblings = units.map(({ path }) => path);
    expect(local(module).filter((target) => siblings.includes(target))).toEqual([]);
  });
});

/** The lines of a module that match a pattern, with their numbers. */
function linesWith(pattern: RegExp, { text }: Module): string[] {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${index + 1}: ${line.trim()}`] : []));
}

test.each(modules.filter(({ part }) => !effectful.includes(part)))('$path is pure', (module) => {
  const reached = module.imports.filter((specifier) =>
    outside.some((name) => specifier === name || specifier.startsWith(`${name}/`)),
  );
  expect(reached).toEqual([]);
  expect(linesWith(/\bDate\.now\(|\bnew Date\(\)|\bfetch\(/, module)).toEqual([]);
});

test.each(modules.filter(({ part }) => !['main', 'tripline'].includes(part)))(
  '$path leaves arguments and environment to main',
  (module) => {
    expect(linesWith(/\bprocess\.(env|argv|exit|on)\b/, module)).toEqual([]);
  },
);

test.each(modules.filter(({ part }) => part !== 'telemetry'))('$path leaves OpenTelemetry to telemetry/', (module) => {
  expect(module.imports.filter((specifier) => specifier.startsWith('@opentelemetry/'))).toEqual([]);
});

/** The published package: packed, installed in an empty folder, and run from there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadRules } from '../src/rules/index.ts';
import { passingCases, ruleText } from './commands/files.ts';
import { loaderReport } from './commands/run.ts';
import { fencesOf } from './fences.ts';
import { podEvent } from './server/app.ts';
import { type SidecarProcess, startSidecar } from './sidecar.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tripline-package-'));
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const manifest = JSON.parse(read('package.json'));
let packed: string[];

const npm = (args: string[], cwd: string) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** Installs a version of Node, and returns its path. */
function nodeOf(version: string): string {
  const home = join(folder, `node-${version}`);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "private": true, "allowScripts": { "node": true } }');
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', `node@${version}`], home);
  return join(home, 'node_modules/.bin/node');
}

beforeAll(() => {
  // The rest of the build exists, and other tests are using it.
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], { cwd: root });
  const [{ filename, files }] = Object.values(
    JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)),
  ) as any;
  packed = files.map(({ path }: { path: string }) => path);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  // Everything that is installed here has been fetched before.
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', `./${filename}`], folder);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it contains JavaScript, types, rules, schemas and the pages that its README leads to, but no sources or tests', () => {
  for (const path of [
    'dist/tripline.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/rules/prepared.bin',
    'dist/console/index.html',
    'dist/console/assets/page.js',
    'rules/kubernetes/pod-host-pid.yml',
    'lists/system_namespaces.yml',
    'schemas/finding.avsc',
    'README.md',
    'docs/tag.md',
    'examples/quickstart/input.ndjson',
    'LICENSE',
  ]) {
    expect(packed).toContain(path);
  }
  expect(packed.filter((path) => /^(src|test|bench)\//.test(path) || path.includes('.cases.json'))).toEqual([]);
});

test('it is built before it is packed', () => {
  expect(manifest.scripts).toMatchObject({ build: 'node scripts/build.ts', prepack: 'npm run build' });
});

test('its bin is the program', () => {
  expect(readdirSync(join(folder, 'node_modules/.bin'))).toContain('tripline');
  const { stdout } = spawnSync(join(folder, 'node_modules/.bin/tripline'), ['--version'], { encoding: 'utf8' });
  expect(stdout).toBe(`${manifest.version}\n`);
});

test.each(['lint', 'test'])('%s of one file loads neither OpenTelemetry nor a server', (command) => {
  const path = join(folder, 'pod-in-default.yml');
  writeFileSync(path, ruleText);
  writeFileSync(path.replace('.yml', '.cases.json'), JSON.stringify(passingCases));
  const program = join(folder, 'node_modules/tripline/dist/tripline.js');
  const args = ['--import', loaderReport, program, command, path];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status).toBe(0);
  const loaded = [...stdout.matchAll(/^loaded (file:.*)$/gm)].map(([, url]) => url!);
  expect(loaded.length).toBeGreaterThan(5);
  expect(loaded.filter((url) => /\/node_modules\/(fastify|pino|snappy|@grpc)\//.test(url))).toEqual([]);
  // The build bundles OpenTelemetry, and its files say where each part comes from.
  const withTelemetry = (url: string) => readFileSync(fileURLToPath(url), 'utf8').includes('/@opentelemetry/');
  expect(loaded.filter(withTelemetry)).toEqual([]);
});

/** The command of the container image, with this Node and the installed package in place of the image's. */
function entrypoint(node: string): string[] {
  const words = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(read('Dockerfile'))![1]!) as string[];
  return words.map((word) =>
    word.replace('/nodejs/bin/node', node).replace('/app', join(folder, 'node_modules/tripline')),
  );
}

describe('the oldest Node that engines names', () => {
  const oldest = `${/\d+/.exec(manifest.engines.node)![0]}.0.0`;
  let node: string;
  beforeAll(() => {
    node = nodeOf(oldest);
  }, 300_000);

  test('tags a record, started as in the image', async () => {
    const config = join(folder, 'tripline.yaml');
    writeFileSync(config, 'memberName: verdict');
    const sidecar = await startSidecar(['--config', config], {}, entrypoint(node));
    sidecar.child.kill('SIGUSR1');
    expect(await tagOf(sidecar)).toMatchObject({ verdict: { verdict: 'match' } });
    expect(await sidecar.stop()).toBe(0);
    expect(sidecar.stderr()).not.toContain('Debugger');
  });

  test('scans a file, started as in the image', () => {
    const [program, ...args] = entrypoint(node);
    const log = join(root, 'examples/quickstart/input.ndjson');
    const { stdout, status } = spawnSync(program!, [...args, 'scan', log], { encoding: 'utf8' });
    expect(stdout).toContain('"rule":"pod-host-pid"');
    expect(status).toBe(1);
  });
});

test('an older Node says in one line what is needed', () => {
  // Without options, which it does not know.
  const [program, ...args] = entrypoint(nodeOf('20.0.0')).filter((word) => !word.startsWith('--'));
  const { stderr, status } = spawnSync(program!, [...args, 'scan'], { encoding: 'utf8' });
  expect(stderr).toBe('tripline: this is Node 20.0.0, and Tripline needs 24 or later\n');
  expect(status).toBe(2);
}, 300_000);

describe('the Dockerfile', () => {
  const text = read('Dockerfile');

  test('builds and runs with the same version of Node, one that engines allows', () => {
    const majors = [...text.matchAll(/^FROM \S*?node(?:js|:)(\d+)/gm)].map(([, major]) => Number(major));
    expect(majors).toHaveLength(2);
    expect(new Set(majors).size).toBe(1);
    expect(majors[0]).toBeGreaterThanOrEqual(Number(/\d+/.exec(manifest.engines.node)![0]));
  });

  test('copies what the program reads, and the build context has it', () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, words]) => words!.split(' '));
    expect(copied).toEqual(expect.arrayContaining(['src', 'rules', 'lists', 'schemas']));
    const context = read('.dockerignore').split('\n');
    expect(copied.filter((name) => !context.includes(`!${name}`))).toEqual([]);
  });
});

async function tagOf(sidecar: SidecarProcess): Promise<unknown> {
  const reply = await fetch(`${sidecar.url}/v1/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(podEvent()),
  });
  return reply.json();
}

test('its rules are those of the sources, whether or not it can use the prepared file', async () => {
  const prepared = join(folder, 'node_modules/tripline/dist/rules/prepared.bin');
  const { ruleset } = loadRules({ rules: [join(root, 'rules')] });
  const hashes: unknown[] = [];
  for (const use of [() => {}, () => writeFileSync(prepared, 'other'), () => rmSync(prepared)]) {
    use();
    const sidecar = await startSidecar([], {}, [join(folder, 'node_modules/.bin/tripline')]);
    hashes.push(((await (await fetch(`${sidecar.url}/readyz`)).json()) as { ruleset: unknown }).ruleset);
    await sidecar.stop();
  }
  expect(hashes).toEqual([ruleset.hash, ruleset.hash, ruleset.hash]);
});

describe('the code cache of V8', () => {
  const compiled = join(folder, 'node_modules/tripline/dist/compiled');
  const environment = { NODE_COMPILE_CACHE: undefined };
  const bin = join(folder, 'node_modules/.bin/tripline');
  const list = () =>
    spawnSync(bin, ['rules', '-o', 'json'], { env: { ...process.env, ...environment }, encoding: 'utf8' });

  const serve = async () => (await startSidecar([], environment, [bin])).stop();

  /** Each file with the time at which it was written. */
  const written = () =>
    readdirSync(compiled, { recursive: true, encoding: 'utf8' })
      .map((name) => `${name} ${statSync(join(compiled, name)).mtimeMs}`)
      .filter((line) => line.split('/').length > 1);

  test('is kept beside the code, and used by the next start', async () => {
    expect(list().status).toBe(0);
    await serve();
    const first = written();
    expect(first.length).toBeGreaterThan(10);
    list();
    await serve();
    expect(written()).toEqual(first);
  });

  test('is not kept if it cannot be written', () => {
    rmSync(compiled, { recursive: true });
    writeFileSync(compiled, '');
    const { status, stderr } = list();
    expect([status, stderr]).toEqual([0, '']);
    rmSync(compiled);
  });
});

test.each(['http/protobuf', 'grpc'])('its bin sends traces by %s', async (protocol) => {
  const called = Promise.withResolvers<void>();
  const collector = createServer((socket) => socket.once('data', () => called.resolve())).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const environment = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_BSP_SCHEDULE_DELAY: '10',
  };
  const sidecar = await startSidecar([], environment, [join(folder, 'node_modules/.bin/tripline')]);
  expect(await tagOf(sidecar)).toMatchObject({ tripline: { trace: { traceId: expect.any(String) } } });
  await called.promise;
  collector.close();
  await sidecar.stop('SIGKILL');
});

describe('its library', () => {
  const run = (program: string) => {
    writeFileSync(join(folder, 'try.mjs'), program);
    return execFileSync(process.execPath, ['try.mjs'], { cwd: folder, encoding: 'utf8' });
  };

  test('does what docs/library.md shows', () => {
    const [program, printed] = fencesOf('docs/library.md').map(({ text }) => text);
    expect(run(program!)).toBe(printed);
  });

  test('provides each file that the page names', () => {
    const files = [...read('docs/library.md').matchAll(/`(tripline\/\S+?)`/g)].map(([, file]) => file!);
    expect(files).toHaveLength(4);
    const lines = files.map((file) => `readFileSync(fileURLToPath(import.meta.resolve('${file}')));`);
    const imports = "import { readFileSync } from 'node:fs'; import { fileURLToPath } from 'node:url';";
    expect(run(`${imports}\n${lines.join('\n')}`)).toBe('');
  });
});

/** The process: its output, its answers to arguments, and how it stops. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { logLine } from '../src/command-line/log-lines.ts';
import { loadRules } from '../src/rules/index.ts';
import { countsOf } from '../src/rules/live-rules.ts';
import { run } from './commands/run.ts';
import { built } from './program.ts';
import { bundledRules, podEvent } from './server/app.ts';
import { type SidecarProcess, startSidecar } from './sidecar.ts';

/** Computed, so that an added rule changes nothing here. */
const { rules, correlations } = countsOf(loadRules({ rules: [bundledRules] }).ruleset);
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
/** The warning about a sidecar that anyone may send to. */
const openToAll = 'set auth to require credentials';
let sidecar: SidecarProcess | undefined;
afterEach(async () => {
  await sidecar?.stop('SIGKILL');
  sidecar = undefined;
});

function configFile(settings: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'tripline-main-')), 'tripline.yaml');
  writeFileSync(path, settings);
  return path;
}

function start(...args: string[]) {
  return spawnSync(process.execPath, [built, ...args], { encoding: 'utf8' });
}

/** Separate tests would each start another sidecar. */
describe('one sidecar without settings, from its start to its stop,', () => {
  let sidecar: SidecarProcess;
  beforeAll(async () => {
    sidecar = await startSidecar();
  });
  afterAll(() => sidecar.stop('SIGKILL'));

  test('serves health and metrics', async () => {
    const reply = await fetch(`${sidecar.url}/v1/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([podEvent(), { log: 'text' }]),
    });
    await reply.text();
    const ready = await fetch(`${sidecar.url}/readyz`);
    expect(await ready.json()).toMatchObject({ status: 'ready', rules, correlations });
    expect((await fetch(`${sidecar.url}/healthz`)).status).toBe(200);
    const page = await (await fetch(`${sidecar.url}/metrics`)).text();
    expect(page).toMatch(/tripline_records_total\{platform="kubernetes",verdict="match"[^}]*\} 1\b/);
    expect(page).toMatch(/tripline_records_total\{platform="none",verdict="not_audit"[^}]*\} 1\b/);
    expect(page).toMatch(/tripline_findings_total\{rule="pod-host-pid",level="medium"[^}]*\} 1\b/);
    expect(page).toMatch(/tripline_batch_duration_seconds_count\{http_response_status_code="200"[^}]*\} 1\b/);
    expect(page).toMatch(/tripline_event_lag_seconds_count/);
    expect(page).toMatch(new RegExp(`tripline_rules\\{ruleset="[0-9a-f]{12}"[^}]*\\} ${rules + correlations}\\b`));
    for (const thread of ['main', 'processing']) {
      expect(page).toMatch(new RegExp(`v8js_memory_heap_used_bytes\\{thread_name="${thread}"[^}]*\\} [1-9]`));
      expect(page).toMatch(
        new RegExp(`nodejs_eventloop_time_seconds_total\\{thread_name="${thread}",[^}]*state="active"[^}]*\\} \\d`),
      );
    }
  });

  test('says where it listens, and gives a command to paste that works', async () => {
    const pasted = /^ {2}(curl .*)$/m.exec(sidecar.stdout())?.[1] ?? '';
    const { stdout } = await promisify(execFile)('sh', ['-c', pasted]);
    expect(JSON.parse(stdout).tripline).toMatchObject({ verdict: 'match', rules: ['pod-host-pid'] });
    expect(sidecar.stdout().split('\n').length).toBeLessThan(10);
    const [, page] = /in a browser .*: (http\S+)$/m.exec(sidecar.stdout())!;
    expect(await (await fetch(page!)).text()).toContain('<title>Tripline</title>');
  });

  test('a finding that is not traced has no trace in its tag', async () => {
    const reply = await fetch(`${sidecar.url}/v1/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([podEvent()]),
    });
    const [{ tripline }] = (await reply.json()) as any;
    expect(tripline.verdict).toBe('match');
    expect(tripline).not.toHaveProperty('trace');
  });

  test('an address in use is reported as such', async () => {
    const { status, stderr } = start('--listen', new URL(sidecar.url).host);
    expect(stderr).toContain('EADDRINUSE');
    expect(stderr).toContain('--listen');
    expect(status).toBe(2);
  });

  test('on SIGTERM ends with status 0, having logged one JSON object per line', async () => {
    expect(await sidecar.stop()).toBe(0);
    const lines = sidecar
      .stderr()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(sidecar.stderr()).not.toContain(openToAll);
    for (const msg of ['Ready', 'Stopped'])
      expect(lines).toContainEqual(expect.objectContaining({ level: 'info', msg }));
  });
});

describe('a start', () => {
  test.each([
    ['with a password, has curl ask for it', 'auth: { basic: { username: ann, password: "${SECRET}" } }', "-u 'ann'"],
    ['with a token, leaves a place for it', 'auth: { bearer: "${SECRET}" }', "'Authorization: Bearer TOKEN'"],
  ])('%s', async (_, settings, words) => {
    sidecar = await startSidecar(['--config', configFile(settings)], { SECRET: 's3cret' });
    expect(sidecar.stdout()).toContain(words);
    expect(sidecar.stdout()).not.toContain('s3cret');
  });

  test('with a sink gives no command to paste', async () => {
    sidecar = await startSidecar(['--config', configFile('sinks: [{ type: forward, host: 127.0.0.1 }]')]);
    expect(sidecar.stdout()).not.toContain('curl');
  });
});

test('a text log begins after the greeting, and has no JSON', async () => {
  const settings = 'logFormat: text\nstate: { path: /dev/null/state }';
  const refused = start('--config', configFile(settings));
  expect(refused.stderr).toMatch(/^tripline: state\.path: /m);
  sidecar = await startSidecar([], { TRIPLINE_LOG_FORMAT: 'text' });
  expect(await sidecar.stop()).toBe(0);
  const lines = sidecar.stderr().trim().split('\n');
  for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d (info|warn) {2}\S/);
  expect(lines.filter((line) => line.includes('info'))).toHaveLength(2); // from the stop
  expect(lines.join()).toContain('No sink is configured');
});

test('a text line has the members of the object, and the stack of a defect below it', () => {
  const entry = { level: 'error', time: '2026-01-02T03:04:05.678Z', pid: 1, msg: 'It failed', from: 'a', n: { x: 1 } };
  const err = { message: 'why', stack: 'Error: why\n    at x' };
  expect(logLine(JSON.stringify({ ...entry, err }), { hasColors: false })).toBe(
    '03:04:05 error It failed from=a n={"x":1}\n  Error: why\n      at x\n',
  );
});

test('listening on every address without credentials logs a warning', async () => {
  sidecar = await startSidecar(['--listen', '0.0.0.0:0']);
  await sidecar.stop();
  expect(sidecar.stderr()).toContain(openToAll);
});

describe('arguments', () => {
  test('--help shows each option and an example', async () => {
    const { status, stdout } = await run(['--help']);
    expect(status).toBe(0);
    for (const word of ['--listen', '--config', '--rules', 'example:']) expect(stdout).toContain(word);
  });

  test.each<[string, string[], string]>([
    ['an unknown option', ['--lisen', 'x'], '--lisen'],
    ['an address without a port', ['--listen', 'localhost'], 'listen must be written as 127.0.0.1:9870'],
    ['a port that is no port', ['--listen', 'localhost:70000'], '70000'],
    ['a configuration that is not there', ['--config', '/no/such.yaml'], '/no/such.yaml'],
    ['rules that are not there', ['--rules', '/no/rules'], '/no/rules'],
  ])('%s ends with status 2 and one message', async (_, args, words) => {
    const { status, stderr } = await run(args);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
  });
});

test('a scrape logs nothing, whichever OpenTelemetry variables are set', async () => {
  sidecar = await startSidecar([], { OTEL_SERVICE_NAME: 'audit' });
  for (let scrape = 0; scrape < 3; scrape++) {
    const page = await (await fetch(`${sidecar.url}/metrics`)).text();
    expect(page).toContain('service_name="audit"');
    // The page is open to everyone: the host and arguments of the process are only for the collector.
    expect(/^target_info.*/m.exec(page)?.[0]).not.toMatch(/process_|host_|os_/);
  }
  await sidecar.stop();
  expect(sidecar.stderr()).not.toContain('OpenTelemetry');
});

describe('spans and metrics over OTLP', () => {
  interface Span {
    name: string;
    traceId: string;
    spanId: string;
    parentSpanId?: string;
    kind: number;
    attributes: { key: string; value: Record<string, unknown> }[];
  }

  async function collector() {
    const spans: Span[] = [];
    const metrics: string[] = [];
    const scopes = new Set<string>();
    const resources: unknown[] = [];
    const server = createServer(async (request, response) => {
      const body = (await json(request)) as any;
      const scope = ({ name, version }: { name: string; version?: string }) => scopes.add(`${name} ${version}`);
      for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
        resources.push(resource);
        for (const one of scopeSpans) scope(one.scope) && spans.push(...one.spans);
      }
      for (const { resource, scopeMetrics } of body.resourceMetrics ?? []) {
        resources.push(resource);
        for (const one of scopeMetrics) {
          if (one.scope.name !== 'tripline') continue;
          scope(one.scope);
          metrics.push(...one.metrics.map(({ name }: { name: string }) => name));
        }
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    return { spans, metrics, scopes, resources, url: `http://127.0.0.1:${port}`, close: () => server.close() };
  }

  test('continue the trace of the sender, and lead from the tag to the span of its finding', async () => {
    const { spans, metrics, scopes, resources, url, close } = await collector();
    sidecar = await startSidecar([], { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const reply = await fetch(`${sidecar.url}/v1/records`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
        'x-fluent-tag': 'kube.audit',
      },
      body: JSON.stringify([
        { ...podEvent(), sourceIPs: ['10.0.0.1', '198.51.100.9'] },
        podEvent({ hostPID: false, auditID: 'a-2' }),
      ]),
    });
    const [{ tripline }] = (await reply.json()) as any;
    expect(await sidecar.stop()).toBe(0);
    close();

    const named = (name: string) => spans.filter((span) => span.name === name);
    const [request] = named('POST /v1/records');
    expect(request).toMatchObject({ traceId, parentSpanId: '00f067aa0ba902b7', kind: 2 });
    for (const step of ['decode', 'detect', 'deliver']) {
      expect(named(step), step).toEqual([expect.objectContaining({ traceId, parentSpanId: request.spanId })]);
    }
    const [finding, ...others] = named('finding pod-host-pid');
    expect(others).toEqual([]);
    expect(finding.parentSpanId).toBe(named('detect')[0].spanId);
    expect(tripline.trace).toEqual({ traceId, spanId: finding.spanId });
    const attributes = Object.fromEntries(finding.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
    expect(attributes).toMatchObject({
      'security_rule.name': 'pod-host-pid',
      'tripline.finding.id': tripline.findings[0].id,
      'tripline.finding.level': 'medium',
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': 'web',
      'user.name': 'ann',
      'client.address': '198.51.100.9',
    });
    expect(metrics).toEqual(
      expect.arrayContaining(['tripline.records', 'tripline.batch.duration', 'process.cpu.time']),
    );
    expect([...scopes]).toEqual([`tripline ${version}`]);
    expect(resources.length).toBeGreaterThan(1);
    for (const resource of resources) {
      expect(resource).toMatchObject({
        attributes: expect.arrayContaining([{ key: 'service.version', value: { stringValue: version } }]),
      });
    }
    expect(sidecar.stderr()).not.toContain('OpenTelemetry');
  });

  test('an unreachable collector is logged in one line', async () => {
    sidecar = await startSidecar([], {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_METRIC_EXPORT_INTERVAL: '100',
    });
    const { stderr } = sidecar;
    await vi.waitFor(() => expect(stderr()).toContain('OpenTelemetry: '), { timeout: 30_000 });
    expect(stderr()).toContain('ECONNREFUSED');
    expect(stderr()).not.toContain('stack');
  });
});

describe('a stop', () => {
  test('on SIGINT ends with status 0', async () => {
    sidecar = await startSidecar();
    expect(await sidecar.stop('SIGINT')).toBe(0);
    expect(sidecar.stderr()).toContain('Stopped');
  });

  test.each([
    ['npm start', ['npm', 'start', '--']],
    ['exec npm start, under sh -c', ['sh', '-c', 'exec npm start -- "$@"', 'sh']],
  ])('reaches it through %s, and frees its port', async (_, command) => {
    sidecar = await startSidecar([], {}, command);
    expect(await sidecar.stop()).toBe(0);
    await expect(fetch(`${sidecar.url}/healthz`)).rejects.toThrow();
  });

  test('ends with status 0 if nobody reads the log any more', async () => {
    sidecar = await startSidecar();
    sidecar.child.stderr!.destroy();
    expect(await sidecar.stop()).toBe(0);
  });
});

test('the version is that of the package', () => {
  const { version } = JSON.parse(
    execFileSync('cat', [fileURLToPath(new URL('../package.json', import.meta.url))], { encoding: 'utf8' }),
  );
  expect(start('--version').stdout.trim()).toBe(version);
});

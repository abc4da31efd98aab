/** Signals make a sidecar reload, stop or end at once; none of them gives anybody access. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { podEvent } from './server/app.ts';
import { type SidecarProcess, startSidecar } from './sidecar.ts';

const headers = { 'content-type': 'application/json' };
const rule = (name: string) =>
  `title: T\nname: ${name}\nlogsource: { product: kubernetes }\ndetection: { a: { resource: pods }, condition: a }\n`;

let sidecar: SidecarProcess | undefined;
afterEach(async () => {
  await sidecar?.stop('SIGKILL');
  sidecar = undefined;
});

const until = (found: () => unknown) => vi.waitFor(() => expect(found()).toBeTruthy(), { timeout: 50_000 });

test('SIGHUP reloads, SIGUSR1 opens nothing, a second signal to stop ends at once and says what is lost', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-signals-'));
  writeFileSync(join(folder, 'rule.yml'), rule('before'));
  const config = join(folder, 'tripline.yaml');
  const arrived = Promise.withResolvers<void>();
  const sink = createServer((socket) => socket.on('error', () => {}).on('data', () => arrived.resolve()));
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const { port } = sink.address() as AddressInfo;
  const settings = [
    `rules: [${folder}/rule.yml]`,
    `state: { path: ${folder}/state }`,
    'drainSeconds: 600',
    `sinks: [{ type: forward, host: 127.0.0.1, port: ${port}, ackTimeoutSeconds: 600 }]`,
  ];
  writeFileSync(config, settings.join('\n'));
  sidecar = await startSidecar(['--config', config]);
  const { child, stderr, url } = sidecar;

  child.kill('SIGUSR1');
  writeFileSync(join(folder, 'rule.yml'), rule('after'));
  child.kill('SIGHUP');
  await until(() => stderr().includes('Checked the rule files, as requested'));
  expect(stderr()).toMatch(/"added":\["after"\],"removed":\["before"\]/);
  expect(stderr()).not.toContain('Debugger');

  const sent = fetch(`${url}/v1/records`, { method: 'POST', body: JSON.stringify([podEvent()]), headers }).catch(
    () => {},
  );
  // Its delivery is never acknowledged.
  await arrived.promise;
  child.kill('SIGTERM');
  await until(() => stderr().includes('Stopping'));
  // The other signal ends it just as well.
  expect(await sidecar.stop('SIGINT')).toBe(1);
  const last = JSON.parse(stderr().trim().split('\n').at(-1)!);
  expect(last).toMatchObject({ level: 'error', signal: 'SIGINT', requests: 1, isStateUnwritten: true });
  expect(last.msg).toContain('1 request had no answer');
  await sent;
  sink.close();
});

test('as started from here, Node has no debugger to open even before the program handles signals', () => {
  const root = join(import.meta.dirname, '..');
  expect(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts.start).toContain('--disable-sigusr1');
  expect(readFileSync(join(root, 'Dockerfile'), 'utf8')).toMatch(/^ENTRYPOINT \[.*"--disable-sigusr1"/m);
});

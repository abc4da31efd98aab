/** Credentials and certificates that change while Tripline runs. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type Config, configIn, readConfiguration } from '../src/config/index.ts';
import { openLiveSettings } from '../src/live-settings.ts';

let folder: string;
let renewed: Config['auth'][];
let forwards: Config['forward'][];
let lines: [level: string, fields: unknown, message: string][];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tripline-live-'));
  renewed = [];
  forwards = [];
  lines = [];
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

function open(settings: string) {
  write('tripline.yaml', settings);
  const path = join(folder, 'tripline.yaml');
  const read = () => readConfiguration({ path, overrides: {}, environment: {}, bundledRules: folder });
  const at = (level: string) => (fields: unknown, message?: string) =>
    void lines.push(message === undefined ? [level, {}, fields as string] : [level, fields, message]);
  const first = read();
  return openLiveSettings({
    config: configIn(first),
    files: first.files,
    read,
    renew({ auth, forward }) {
      renewed.push(auth);
      forwards.push(forward);
    },
    logger: { info: at('info'), warn: at('warn'), error: at('error') } as never,
  });
}

const tokens = (auth: Config['auth']) => auth?.bearer?.map(({ token }) => token);

test('a token is in use once two looks at its file agree', async () => {
  write('token', 'one\n');
  const live = open('auth: { bearer: "${file:token}" }');
  for (let look = 0; look < 3; look++) await live.look();
  expect(renewed).toEqual([]);
  write('token', 'two\n');
  await live.look();
  expect(renewed).toEqual([]);
  await live.look();
  await live.look();
  expect(renewed.map(tokens)).toEqual([['two']]);
  expect(lines).toMatchObject([['info', {}, 'Reloaded changed credentials and certificates']]);
  expect(JSON.stringify(lines)).not.toMatch(/one|two/);
});

test('what is broken leaves all as it was, and says so once', async () => {
  write('token', 'one\n');
  const live = open('auth: { bearer: "${file:token}" }');
  await live.look();
  write('token', 'two words\n');
  for (let look = 0; look < 5; look++) await live.look();
  expect(renewed).toEqual([]);
  expect(lines.map(([level]) => level)).toEqual(['error']);
  expect(lines[0]![2]).toMatch(/stay as they were.*\n.*tripline\.yaml:1:9: auth\.bearer: the token has a space/);
  expect(JSON.stringify(lines)).not.toContain('two words');
  write('token', 'three\n');
  for (let look = 0; look < 2; look++) await live.look();
  expect(renewed.map(tokens)).toEqual([['three']]);
});

test('when asked, the configuration is read again, and settings that need a restart are named', async () => {
  write('token', 'one\n');
  const live = open('auth: { bearer: "${file:token}" }');
  write('tripline.yaml', 'cluster: prod\nauth: { bearer: [{ name: a, token: "${file:other}" }] }');
  write('other', 'x1');
  live.reload();
  expect(renewed.map(tokens)).toEqual([['x1']]);
  expect(lines).toEqual([
    ['warn', { settings: ['cluster'] }, 'These settings need a restart: cluster'],
    ['info', {}, 'Reloaded the settings, as requested'],
  ]);
  // From now on the other file is looked at.
  for (let look = 0; look < 2; look++) await live.look();
  write('other', 'x2');
  for (let look = 0; look < 2; look++) await live.look();
  expect(renewed.map(tokens).at(-1)).toEqual(['x2']);
});

test('a changed secret of a sink needs a restart, and the log says so', async () => {
  write('key', 'one');
  const live = open('sinks: [{ type: forward, host: a, sharedKey: "${file:key}" }]');
  await live.look();
  write('key', 'two');
  for (let look = 0; look < 3; look++) await live.look();
  expect(lines.map(([level, , message]) => [level, message])).toEqual([
    ['warn', 'These settings need a restart: sinks'],
    ['info', 'Reloaded changed credentials and certificates'],
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/one|two/);
});

test('credentials that are no longer required stay required until a restart; new ones are required at once', async () => {
  write('token', 'one\n');
  const asking = open('auth: { bearer: "${file:token}" }');
  write('tripline.yaml', 'cluster: prod');
  asking.reload();
  expect(renewed.map(tokens)).toEqual([['one']]);
  expect(lines[0]).toEqual(['warn', { settings: expect.arrayContaining(['auth', 'cluster']) }, expect.anything()]);

  const silent = open('{}');
  write('tripline.yaml', 'auth: { bearer: "${file:token}" }');
  silent.reload();
  expect(renewed.map(tokens).at(-1)).toEqual(['one']);
});

test('the secrets of the forward input are applied at once; a new address or removal of the key needs a restart', async () => {
  write('key', 'one');
  write('password', 's3cret');
  const sinks = 'sinks: [{ type: forward, host: a }]';
  const users = '[{ username: ann, password: "${file:password}" }]';
  const live = open(`forward: { listen: "127.0.0.1:1", sharedKey: "\${file:key}", users: ${users} }\n${sinks}`);
  await live.look();
  write('key', 'two');
  for (let look = 0; look < 3; look++) await live.look();
  expect(forwards.map((forward) => forward?.sharedKey)).toEqual(['two']);
  expect(lines.map(([level]) => level)).toEqual(['info']);
  write('tripline.yaml', `forward: { listen: "127.0.0.1:2", users: ${users} }\n${sinks}`);
  live.reload();
  expect(lines.at(-1)![2]).toMatch(/not applied.*\n.*users need a sharedKey/);
  write('tripline.yaml', `forward: { listen: "127.0.0.1:2" }\n${sinks}`);
  live.reload();
  expect(forwards.at(-1)).toMatchObject({ sharedKey: 'two', users: [{ username: 'ann' }] });
  expect(lines.at(-2)).toEqual(['warn', { settings: ['forward'] }, 'These settings need a restart: forward']);
  write('tripline.yaml', sinks);
  live.reload();
  expect(forwards.at(-1)).toMatchObject({ sharedKey: 'two' });
  expect(lines.at(-2)).toEqual(['warn', { settings: ['forward'] }, 'These settings need a restart: forward']);
});

import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { openStdout } from '../../src/sinks/stdout.ts';
import { numberedBatch, problemOf, recorder, sinkContract } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-stdout-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const numbersOf = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).n as number);

const settings = { type: 'stdout', name: 'stdout', rows: 'records' } as const;

sinkContract('stdout', async () => {
  const path = join(folder, String(++files));
  const fd = openSync(path, 'w');
  let isOpen = true;
  return {
    sink: await openStdout(settings, recorder(), fd),
    arrived: () => numbersOf(readFileSync(path, 'utf8')),
    async stop() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
    address: 'stdout',
  };
});

describe('a pipe that does not block', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  /** Both ends of a connection; a sink writes to the descriptor of the first. */
  async function pipe(): Promise<{ fd: number; reader: Socket; read: () => string }> {
    const path = join(folder, `${++files}.sock`);
    const server = createServer().listen(path);
    await once(server, 'listening');
    const writer = connect(path);
    const [reader] = (await once(server, 'connection')) as [Socket];
    if (writer.connecting) await once(writer, 'connect');
    server.close();
    sockets.push(writer, reader);
    let text = '';
    reader.setEncoding('utf8').on('data', (data) => {
      text += data;
    });
    const { fd } = (writer as unknown as { _handle: { fd: number } })._handle;
    return { fd, reader, read: () => text };
  }
  const open = (fd: number, patience?: number) => openStdout(settings, recorder(), fd, patience);

  test('is waited for while it is full', async () => {
    const { fd, reader, read } = await pipe();
    const sink = await open(fd);
    reader.pause();
    let isDelivered = false;
    const delivery = sink.deliver(numberedBatch(3000, { padBytes: 1000 })).then(() => {
      isDelivered = true;
    });
    await expect.poll(() => reader.readableLength).toBeGreaterThan(0);
    expect(isDelivered).toBe(false);
    reader.resume();
    await delivery;
    await expect.poll(() => numbersOf(read())).toEqual(Array.from({ length: 3000 }, (_, index) => index));
  });

  test('whose reader has stopped is given up, and a line that was cut stays a line of its own', async () => {
    const { fd, reader, read } = await pipe();
    const sink = await open(fd, 20);
    reader.pause();
    const problem = await problemOf(sink.deliver(numberedBatch(1, { padBytes: 3e6 })));
    expect(problem).toMatchObject({
      code: 'sink.unavailable',
      message: 'sink stdout: stdout is full, and its reader has read nothing for 0.02 s',
    });
    reader.resume();
    await sink.deliver(numberedBatch(1, { first: 1 }));
    await expect.poll(() => read().endsWith('"tripline":{"v":2,"verdict":"clear"}}\n')).toBe(true);
    const [torn, line, ...rest] = read().split('\n');
    expect(torn).not.toMatch(/\}$/);
    expect(JSON.parse(line!)).toMatchObject({ n: 1 });
    expect(rest).toEqual(['']);
  });

  test('whose reader has gone accepts nothing', async () => {
    const { fd, reader } = await pipe();
    const sink = await open(fd);
    reader.destroy();
    await once(reader, 'close');
    const problem = await problemOf(sink.deliver(numberedBatch(1)));
    expect(problem.code).toBe('sink.unavailable');
    expect(problem.message).toMatch(/^sink stdout: stdout cannot be written: E/);
  });
});

test('two sinks that write to stdout are a fault of the configuration', () => {
  const sinks = [{ type: 'stdout' }, { type: 'stdout', name: 'other' }];
  const load = () => loadConfig({ path: undefined, overrides: { sinks } as never, environment: {}, bundledRules: '.' });
  expect(load).toThrow('two sinks write to stdout; leave one out');
});

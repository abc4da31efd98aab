/** The same against real servers: S3, GCS and AZURITE name the programs (versitygw, fake-gcs-server, azurite-blob). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStorage, type Storage } from '../../src/storage/index.ts';
import { lines } from '../commands/files.ts';
import { run } from '../commands/run.ts';
import { podEvent } from '../server/app.ts';
import { azuriteProgram, startAzure } from '../servers/azure.ts';
import { gcsProgram, startGcs } from '../servers/gcs.ts';
import type { ObjectServer } from '../servers/object-server.ts';
import { s3Program, startS3 } from '../servers/s3.ts';

const log = (...ids: string[]) => lines(...ids.map((auditID) => podEvent({ auditID })));

describe.each([
  ['S3', s3Program, startS3],
  ['GCS', gcsProgram, startGcs],
  ['AZURITE', azuriteProgram, startAzure],
])('%s', (name, program, start) => {
  describe.skipIf(program === undefined)(`a real server (${name} is ${program ? 'set' : 'not set'})`, () => {
    let server: ObjectServer;
    let storage: Storage;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'tripline-objects-'));
      server = await start();
      storage = await openStorage(server.address, server.environment);
    });
    afterAll(async () => {
      storage?.close();
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    async function put(key: string, body: string | Uint8Array): Promise<void> {
      const path = join(folder, 'object');
      writeFileSync(path, body);
      await storage.put(key, path);
    }
    const scan = (path: string) =>
      run(['scan', path, '--show', 'findings', '-o', 'ndjson'], { environment: server.environment });
    const filesIn = (stdout: string) =>
      stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).file);

    it('gives what it was given, plain and compressed, in the order of names', { timeout: 60_000 }, async () => {
      await put('day/b.log.gz', gzipSync(log('b')));
      await put('day/a.log', log('a'));
      await put('day/sub dir/ünï.json', JSON.stringify([podEvent({ auditID: 'c' })]));
      await put('other/x.log', log('x'));
      const { stdout, stderr, status } = await scan(`${server.address}/day/`);
      expect(stderr).not.toContain('tripline:');
      const names = ['a.log', 'b.log.gz', 'sub dir/ünï.json'].map((key) => `${server.address}/day/${key}`);
      expect([...new Set(filesIn(stdout))]).toEqual(names);
      expect(status).toBe(1);
    });

    it('gives a large object byte for byte', { timeout: 60_000 }, async () => {
      const body = Buffer.alloc(20 * 1024 * 1024, 'a line of some bytes\n');
      await put('large/one', body);
      const address = `${server.address}/large/`;
      const [object] = await (await openStorage(address, server.environment)).list();
      expect(object!.size).toBe(body.length);
      const parts: Uint8Array[] = [];
      for await (const part of object!.read()) parts.push(part);
      expect(Buffer.concat(parts).equals(body)).toBe(true);
    });

    it('an object that is overwritten between list and read is reported', { timeout: 60_000 }, async () => {
      await put('again/one', log('a'));
      const [object] = await (await openStorage(`${server.address}/again/`, server.environment)).list();
      await put('again/one', log('other', 'one'));
      const reading = async () => {
        for await (const _ of object!.read());
      };
      await expect(reading()).rejects.toMatchObject({ code: 'storage.failed' });
    });

    it('a missing bucket is reported', { timeout: 60_000 }, async () => {
      const { stderr, status } = await scan(`${server.address.replace('/audit', '/nothing')}/a`);
      expect(stderr).toMatch(/check the name/);
      expect(status).toBe(2);
    });
  });
});

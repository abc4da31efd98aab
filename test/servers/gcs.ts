/** A server with the API of Google Cloud Storage: GCS is the path of a fake-gcs-server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startProcess } from '../e2e/processes.ts';
import { answers, type ObjectServer } from './object-server.ts';

export const gcsProgram = process.env.GCS;

/** Starts it with one bucket, `audit`. */
export async function startGcs(): Promise<ObjectServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-gcs-'));
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const args = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'];
  const server = startProcess(
    gcsProgram!,
    [...args, '-public-host', `127.0.0.1:${port}`, '-external-url', url],
    join(folder, 'log'),
  );
  const environment = { TRIPLINE_GCS_ENDPOINT: url };
  await answers(`${url}/storage/v1/b`);
  const { Storage } = await import('@google-cloud/storage');
  await new Storage({ projectId: 'tripline', apiEndpoint: url }).createBucket('audit');
  return {
    address: 'gs://audit',
    environment,
    async stop() {
      await server.stop('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

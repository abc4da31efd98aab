/** A real S3 gateway on a folder: S3 is the path of a versitygw. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { freePorts, startProcess } from '../e2e/processes.ts';
import { answers, type ObjectServer } from './object-server.ts';

export const s3Program = process.env.S3;

/** Starts it with one bucket, `audit`. */
export async function startS3(): Promise<ObjectServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-s3-'));
  const [port] = await freePorts(1);
  const keys = { AWS_ACCESS_KEY_ID: 'tripline', AWS_SECRET_ACCESS_KEY: 'tripline-secret' };
  const roots = { ROOT_ACCESS_KEY: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: keys.AWS_SECRET_ACCESS_KEY };
  const data = mkdtempSync(join(folder, 'data-'));
  const args = ['--port', `127.0.0.1:${port}`, 'posix', data];
  const server = startProcess(s3Program!, args, join(folder, 'log'), { ...process.env, ...roots });
  const environment = { ...keys, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_EC2_METADATA_DISABLED: 'true' };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  await answers(environment.AWS_ENDPOINT_URL);
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({ endpoint: environment.AWS_ENDPOINT_URL, forcePathStyle: true, region: 'us-east-1' });
  await client.send(new CreateBucketCommand({ Bucket: 'audit' }));
  client.destroy();
  return {
    address: 's3://audit',
    environment,
    async stop() {
      await server.stop('SIGTERM');
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

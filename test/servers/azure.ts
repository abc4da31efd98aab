/** A server with the API of Azure's blobs: AZURITE is the path of an azurite-blob. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startProcess } from '../e2e/processes.ts';
import { answers, type ObjectServer } from './object-server.ts';

export const azuriteProgram = process.env.AZURITE;

/** Starts it with one account, `tripline`, and one container, `audit`. */
export async function startAzure(): Promise<ObjectServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-azure-'));
  const [port] = await freePorts(1);
  const key = Buffer.from('tripline').toString('base64');
  const url = `http://127.0.0.1:${port}/tripline`;
  const args = ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', folder, '--skipApiVersionCheck'];
  const accounts = { ...process.env, AZURITE_ACCOUNTS: `tripline:${key}` };
  const server = startProcess(azuriteProgram!, args, join(folder, 'log'), accounts);
  const connection = `DefaultEndpointsProtocol=http;AccountName=tripline;AccountKey=${key};BlobEndpoint=${url};`;
  await answers(url);
  const { BlobServiceClient } = await import('@azure/storage-blob');
  await BlobServiceClient.fromConnectionString(connection).createContainer('audit');
  return {
    address: 'az://tripline/audit',
    environment: { AZURE_STORAGE_CONNECTION_STRING: connection },
    async stop() {
      await server.stop('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

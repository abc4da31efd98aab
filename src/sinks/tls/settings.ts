/** TLS towards a receiver: its settings, what is wrong with them, and what a connection needs of them. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import Type, { type Static } from 'typebox';
import type { SinkDependencies, SinkFault } from '../sink.ts';
import { contextOf, type Files, openCertificates } from './certificates.ts';

const path = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

export const tlsSettings = Type.Object(
  {
    ca: path('PEM file with the authorities to trust, instead of the well-known ones.'),
    cert: path('PEM file with the certificate to present.'),
    key: path('PEM file with its private key.'),
    servername: path('Name that the certificate of the receiver must have; default: host.'),
    verify: Type.Boolean({ default: true, description: 'Whether the certificate of the receiver is checked.' }),
  },
  { additionalProperties: false, description: 'TLS; {} for the defaults.' },
);
export type TlsSettings = Static<typeof tlsSettings>;

/** Faults in the settings that no schema finds: which go together, and whether their files can be used. */
export function tlsFaults(tls: TlsSettings): SinkFault[] {
  const faults: SinkFault[] = [];
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    faults.push({ setting: ['tls'], message: 'tls: set both cert and key, or neither' });
  }
  for (const file of ['ca', 'cert', 'key'] as const) {
    try {
      if (tls[file] !== undefined) readFileSync(tls[file]);
    } catch (error) {
      faults.push({ setting: ['tls', file], message: `tls.${file}: ${(error as Error).message}` });
    }
  }
  if (faults.length > 0) return faults;
  try {
    contextOf(filesOf(tls));
    return [];
  } catch (error) {
    const message = `tls: ${(error as Error).message}; write PEM files that belong together`;
    return [{ setting: ['tls'], message }];
  }
}

/** The options of a new connection to a host: the files are read again for each.
 * @param receiver as the log names it
 * @throws Error if the files cannot be used from the start */
export function tlsTo(
  host: string | undefined,
  tls: TlsSettings,
  receiver: string,
  logger: SinkDependencies['logger'],
): () => ConnectionOptions {
  const certificates = openCertificates(() => filesOf(tls), receiver, logger);
  return () => ({
    secureContext: certificates(),
    servername: tls.servername ?? (host !== undefined && isIP(host) === 0 ? host : undefined),
    rejectUnauthorized: tls.verify,
  });
}

function filesOf({ ca, cert, key }: TlsSettings): Files {
  const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
  return { ca: read(ca), cert: read(cert), key: read(key) };
}

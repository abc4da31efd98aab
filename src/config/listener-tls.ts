/** Settings of TLS on the listener, and the files that they name. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import Type, { type Static } from 'typebox';
import type { Fault } from './schema-faults.ts';

const file = (description: string) => Type.String({ minLength: 1, description });

export const ListenerTls = Type.Object(
  {
    cert: file('PEM file with the certificate, followed by any intermediate certificates.'),
    key: file('PEM file with its private key.'),
    clientCa: Type.Optional(file('PEM file with the authorities that sign the certificates of clients.')),
    requireClientCertificate: Type.Boolean({
      default: false,
      description:
        'Whether a client without such a certificate cannot even connect, including a probe of /healthz. If false, a ' +
        'certificate is requested but not required, and `auth.certificates` says what it opens.',
    }),
    minVersion: Type.Enum(['TLSv1.2', 'TLSv1.3'], {
      default: 'TLSv1.2',
      description: 'Lowest version that is accepted.',
    }),
  },
  {
    additionalProperties: false,
    description: 'TLS on the listener. Changed files are reloaded without a restart. Default: plain HTTP.',
  },
);
export type ListenerTls = Static<typeof ListenerTls>;

/** What a listener needs from the files as they are now.
 * @throws Error that names the setting, and says why its file cannot be used */
export function readListenerTls({ minVersion, ...files }: ListenerTls): SecureContextOptions {
  const read = (setting: 'cert' | 'key' | 'clientCa', check: (pem: Buffer) => unknown) => {
    const path = files[setting]!;
    try {
      const pem = readFileSync(path);
      check(pem);
      return pem;
    } catch (error) {
      throw new FileError(
        setting,
        `${(error as Error).message.replace(/^error:\S+/, '')}; write the path of a PEM file (${path})`,
      );
    }
  };
  const cert = read('cert', (pem) => new X509Certificate(pem));
  const key = read('key', (pem) => createPrivateKey(pem));
  const ca = files.clientCa === undefined ? undefined : read('clientCa', (pem) => new X509Certificate(pem));
  try {
    createSecureContext({ cert, key, ca, minVersion });
  } catch (error) {
    throw new FileError('key', `${(error as Error).message}; write the key of the certificate`);
  }
  return { cert, key, ...(ca && { ca }), minVersion };
}

class FileError extends Error {
  readonly setting: string;
  constructor(setting: string, message: string) {
    super(`tls.${setting}: ${message}`);
    this.setting = setting;
  }
}

/** What no schema can express about these settings.
 * @param isAsked whether `auth` has certificates of clients */
export function listenerTlsFaults(tls: ListenerTls, isAsked: boolean): Fault[] {
  const { clientCa, requireClientCertificate } = tls;
  const faults: Fault[] = [];
  try {
    readListenerTls(tls);
  } catch (error) {
    const { setting, message } = error as FileError;
    faults.push({ setting: ['tls', setting], message });
  }
  if (requireClientCertificate && clientCa === undefined) {
    const message = 'tls.requireClientCertificate needs clientCa, the authorities that sign them; set it';
    faults.push({ setting: ['tls', 'requireClientCertificate'], message });
  }
  if (clientCa !== undefined && !requireClientCertificate && !isAsked) {
    const message = 'tls.clientCa has no effect by itself; set auth.certificates, or requireClientCertificate: true';
    faults.push({ setting: ['tls', 'clientCa'], message });
  }
  return faults;
}

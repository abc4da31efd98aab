/** The files of `tls`, read for each connection, so that renewed ones are taken up without a restart. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { SinkDependencies } from '../sink.ts';

export type Files = Partial<Record<'ca' | 'cert' | 'key', Buffer>>;

/** What a connection needs of the files.
 * @throws Error where they cannot be used */
export function contextOf(files: Files): SecureContext {
  // Of what is no authority at all, OpenSSL says nothing, and then trusts nobody.
  if (files.ca !== undefined) new X509Certificate(files.ca);
  return createSecureContext(files);
}

/** The files as they are now or, where these cannot be used, as they last could, which the log tells once.
 * @param read reads them
 * @throws Error where they cannot be used from the start */
export function openCertificates(
  read: () => Files,
  receiver: string,
  logger: SinkDependencies['logger'],
): () => SecureContext {
  let usable = contextOf(read());
  let told: string | undefined;
  return () => {
    try {
      usable = contextOf(read());
      told = undefined;
    } catch (error) {
      const { message } = error as Error;
      const text = `${receiver}: the changed files of tls cannot be used, and the ones before are: ${message}; mend them, no restart is needed`;
      if (told !== message) logger.error({ receiver }, text);
      told = message;
    }
    return usable;
  };
}

/** The files of `tls`, read for each connection, so that renewed ones are used without a restart. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { SinkDependencies } from '../sink.ts';

export type Files = Partial<Record<'ca' | 'cert' | 'key', Buffer>>;

/** The context of a connection, from the files.
 * @throws Error if they cannot be used */
export function contextOf(files: Files): SecureContext {
  // OpenSSL does not reject a file that is no authority at all, and then trusts nobody.
  if (files.ca !== undefined) new X509Certificate(files.ca);
  return createSecureContext(files);
}

/** The current files or, if these cannot be used, the last usable ones, which is logged once.
 * @param read reads them
 * @throws Error if they cannot be used from the start */
export function openCertificates(
  read: () => Files,
  receiver: string,
  logger: SinkDependencies['logger'],
): () => SecureContext {
  let usable = contextOf(read());
  let logged: string | undefined;
  return () => {
    try {
      usable = contextOf(read());
      logged = undefined;
    } catch (error) {
      const { message } = error as Error;
      const text = `${receiver}: the changed files of tls cannot be used, so the previous ones stay in use: ${message}; fix them, no restart is needed`;
      if (logged !== message) logger.error({ receiver }, text);
      logged = message;
    }
    return usable;
  };
}

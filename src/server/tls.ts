/** TLS on the listeners: their certificates, those of clients, and the handshakes that fail. */
import type { Server, ServerOptions } from 'node:https';
import type { Logger } from 'pino';
import { type ListenerTls, readListenerTls } from '../config/listener-tls.ts';
import { Problem } from '../problem.ts';
import { countRefused } from '../telemetry/index.ts';
import type { Remind } from './reminders.ts';

/** How long a client may take for its handshake. */
const HANDSHAKE_MILLISECONDS = 10_000;

export function listenerOptions(tls: ListenerTls): ServerOptions {
  return {
    ...readListenerTls(tls),
    handshakeTimeout: HANDSHAKE_MILLISECONDS,
    requestCert: tls.clientCa !== undefined,
    // Unless this is set, other clients may connect, and auth decides what each may do.
    rejectUnauthorized: tls.requireClientCertificate,
  };
}

/** Applies the current files to new connections; open ones stay as they are.
 * @throws Error if the files cannot be used */
export function renewCertificates({ server }: { server: object }, tls: ListenerTls): void {
  (server as Server).setSecureContext(readListenerTls(tls));
}

/** Counts handshakes that fail, and logs one now and then, without the address, which its socket has lost by then. */
export function reportHandshakes(
  { server }: { server: NodeJS.EventEmitter },
  { logger, remind }: { logger: Logger; remind: Remind },
) {
  server.on('tlsClientError', (error: Error) => {
    const { code, title, message, remedy } = new Problem('request.handshake', error.message);
    countRefused(code);
    remind(code, (suppressed) => logger.warn({ problem: code, remedy, suppressed }, `${title}: ${message}`));
  });
}

/** Who may use which endpoint: by basic or bearer credentials, compared in constant time, by a client certificate, or by a
 * signed token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Auth, Endpoint } from '../config/auth.ts';
import { openSignedTokens, type Refusal } from './signed-tokens.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a credential has to open; `records` if left out. */
    endpoint?: Endpoint;
  }
  interface FastifyRequest {
    /** Name of the credential; undefined if none is required. */
    credential: string | undefined;
  }
}

export type Access =
  /** `name` is that of the credential, for the log; undefined if none is required. */
  | { kind: 'granted'; name: string | undefined }
  /** Nothing that was presented is a credential. `why` is what is wrong with a signed token. */
  | { kind: 'unauthorized'; why?: string }
  /** Whether it is one cannot be known: the keys to verify it are unavailable. */
  | { kind: 'unknown'; why: string }
  /** The credential opens another endpoint. */
  | { kind: 'forbidden'; name: string };

export interface Doorkeeper {
  /** A promise if a signed token has to be verified.
   * @param token presented elsewhere than in the Authorization header */
  accessOf(
    request: Pick<IncomingMessage, 'headers' | 'socket'>,
    endpoint: Endpoint,
    token?: string,
  ): Access | Promise<Access>;
  /** Requires other credentials from now on, on open connections too. */
  renew(auth: Auth | undefined): void;
}

interface Credential {
  name: string;
  endpoints: readonly Endpoint[];
}

/** Without `auth`, everybody may use everything. */
export function openDoor(auth: Auth | undefined): Doorkeeper {
  let asked = auth && checksOf(auth);
  return {
    accessOf(request, endpoint, token) {
      if (asked === undefined || (asked.openMetrics && endpoint === 'metrics')) {
        return { kind: 'granted', name: undefined };
      }
      const presented = [
        ...asked.byHeader(request.headers.authorization),
        ...(token === undefined ? [] : asked.byHeader(`Bearer ${token}`)),
        ...asked.byCertificate(request.socket),
      ];
      const access = accessBy(presented, endpoint);
      if (access.kind !== 'unauthorized') return access;
      const signed = asked.bySignature(request.headers.authorization);
      return signed === undefined
        ? access
        : signed.then((found) => (Array.isArray(found) ? accessBy(found, endpoint) : found));
    },
    renew(auth) {
      asked = auth && checksOf(auth);
    },
  };
}

function accessBy(presented: readonly Credential[], endpoint: Endpoint): Access {
  const fitting = presented.find(({ endpoints }) => endpoints.includes(endpoint));
  if (fitting !== undefined) return { kind: 'granted', name: fitting.name };
  const [other] = presented;
  return other === undefined ? { kind: 'unauthorized' } : { kind: 'forbidden', name: other.name };
}

function checksOf({ basic = [], bearer = [], certificates = [], jwt = [], openMetrics }: Auth) {
  const signedTokens = openSignedTokens(jwt);
  const secrets = [
    ...basic.map(({ username, password, endpoints }) => ({
      expected: digest('basic', Buffer.from(`${username}:${password}`).toString('base64')),
      credential: { name: username, endpoints },
    })),
    ...bearer.map(({ name, token, endpoints }) => ({
      expected: digest('bearer', token),
      credential: { name, endpoints },
    })),
  ];
  return {
    openMetrics,
    byHeader(authorization = ''): Credential[] {
      const [scheme, credentials = ''] = authorization.split(' ', 2);
      const given = digest(scheme!.toLowerCase(), credentials);
      // Every digest is compared, so that timing does not reveal which one is close.
      const equal = secrets.map(({ expected }) => timingSafeEqual(expected, given));
      return secrets.filter((_, index) => equal[index]).map(({ credential }) => credential);
    },
    /** Undefined if no signed token is presented, or none is accepted. */
    bySignature(authorization = ''): Promise<Credential[] | Refusal> | undefined {
      const [scheme, token = ''] = authorization.split(' ', 2);
      const isSigned = jwt.length > 0 && scheme!.toLowerCase() === 'bearer' && token.split('.', 4).length === 3;
      return isSigned ? signedTokens(token) : undefined;
    },
    byCertificate(socket: IncomingMessage['socket']): Credential[] {
      if (certificates.length === 0) return [];
      const names = namesOf(socket);
      return certificates.filter(
        ({ commonName, dns, uri }) =>
          (commonName !== undefined && names.has(`CN:${commonName}`)) ||
          (dns !== undefined && names.has(`DNS:${dns}`)) ||
          (uri !== undefined && names.has(`URI:${uri}`)),
      );
    },
  };
}

/** Digests have the same length, which timingSafeEqual needs and which hides the length of the secret. */
function digest(scheme: string, credentials: string): Buffer {
  return createHash('sha256').update(`${scheme} ${credentials}`).digest();
}

const none: ReadonlySet<string> = new Set();
/** A certificate belongs to its connection, and is read once for it. */
const namesRead = new WeakMap<object, ReadonlySet<string>>();

/** The names in the certificate that the client has presented, each after its type; none unless a trusted authority has
 * signed it. */
function namesOf(socket: IncomingMessage['socket']): ReadonlySet<string> {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  if (authorized !== true || getPeerCertificate === undefined) return none;
  let names = namesRead.get(socket);
  if (names === undefined) {
    const { subject, subjectaltname = '' } = (socket as TLSSocket).getPeerCertificate();
    const commonNames = [subject?.CN ?? []].flat();
    names = new Set([...commonNames.map((name) => `CN:${name}`), ...alternativeNames(subjectaltname)]);
    namesRead.set(socket, names);
  }
  return names;
}

/** Node writes `DNS:a, URI:b`, and quotes a name that contains a comma or a quote, as JSON does. Such a name matches no
 * setting; split at its commas, it would pass for others. */
export function alternativeNames(text: string): string[] {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '"').split(', ');
}

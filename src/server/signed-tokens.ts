/** Signed tokens (JSON Web Tokens): who has signed them, for whom, and what they claim. */
import type { Jwt } from '../config/auth.ts';

/** Why a token opens nothing. */
export type Refusal = { kind: 'unauthorized' | 'unknown'; why: string };

/** Resolves with the accepted entries that a token matches, or with what is wrong with it. */
export type SignedTokens = (token: string) => Promise<Jwt[] | Refusal>;

/** None of them is verified with a secret, for which a public key could be passed off. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Seconds that clocks may differ by. */
const CLOCK_TOLERANCE = 60;

type Jose = typeof import('jose');
type KeySet = ReturnType<Jose['createLocalJWKSet'] | Jose['createRemoteJWKSet']>;

/** Keys are fetched when they are needed, kept for ten minutes, and fetched again for a token with another key, at most
 * twice a minute. */
export function openSignedTokens(accepted: readonly Jwt[]): SignedTokens {
  const keySets = new Map<string, KeySet>();

  function keySetOf(keys: string, { createLocalJWKSet, createRemoteJWKSet }: Jose): KeySet {
    let keySet = keySets.get(keys);
    if (keySet === undefined) {
      keySet = keys.trimStart().startsWith('{')
        ? createLocalJWKSet(JSON.parse(keys))
        : createRemoteJWKSet(new URL(keys));
      keySets.set(keys, keySet);
    }
    return keySet;
  }

  async function check(token: string, accepted: Jwt, jose: Jose): Promise<Jwt | Refusal> {
    const { issuer, audience, claims, keys, name } = accepted;
    try {
      const { payload } = await jose.jwtVerify(token, keySetOf(keys, jose), {
        ...{ issuer, audience, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE, requiredClaims: ['exp'] },
      });
      const other = Object.entries(claims).find(([claim, value]) => payload[claim] !== value);
      if (other === undefined) return accepted;
      return { kind: 'unauthorized', why: `${name}: the claim ${other[0]} of the token has another value` };
    } catch (error) {
      const { message } = error as Error;
      return { kind: isOfToken(error, jose) ? 'unauthorized' : 'unknown', why: `${name}: ${message}` };
    }
  }

  return async (token) => {
    const jose = await import('jose');
    const issuer = issuerOf(token, jose);
    // Nothing is fetched for other issuers.
    const known = accepted.filter((one) => one.issuer === issuer);
    const results = await Promise.all(known.map((one) => check(token, one, jose)));
    const fitting = results.filter((result): result is Jwt => 'name' in result);
    if (fitting.length > 0) return fitting;
    const refusals = results.filter((result): result is Refusal => 'kind' in result);
    const refusal = refusals.find(({ kind }) => kind === 'unknown') ?? refusals[0];
    return refusal ?? { kind: 'unauthorized', why: 'the issuer of the token is not named in auth.jwt' };
  };
}

function issuerOf(token: string, { decodeJwt }: Jose): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** Whether the token is at fault, rather than its keys or their source. */
function isOfToken(error: unknown, { errors }: Jose): boolean {
  const ofToken = [
    ...[errors.JWTClaimValidationFailed, errors.JWTExpired, errors.JWTInvalid, errors.JWSInvalid],
    ...[errors.JWSSignatureVerificationFailed, errors.JOSEAlgNotAllowed, errors.JWKSNoMatchingKey],
    ...[errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported],
  ];
  return ofToken.some((type) => error instanceof type);
}

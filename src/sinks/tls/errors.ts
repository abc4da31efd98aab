/** What errors of sockets and certificates mean to whoever connects to a receiver. */

const UNKNOWN_AUTHORITY = 'has a certificate of an unknown authority: set tls.ca';
const errors: Readonly<Record<string, string>> = {
  ECONNRESET: 'closed the connection',
  EPIPE: 'closed the connection',
  ENOTFOUND: 'is not a name that can be resolved',
  EAI_AGAIN: 'is not a name that can be resolved at present',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'has a certificate that has expired: renew it there',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name: set tls.servername',
};

/** An error as a predicate whose subject is the receiver.
 * @param others what codes mean for one kind of receiver; they come first */
export function describeError(
  { code, message }: NodeJS.ErrnoException,
  others: Readonly<Record<string, string>>,
): string {
  const known = code === undefined ? undefined : (others[code] ?? errors[code]);
  return `${known ?? `cannot be used: ${message}`}${known && code ? ` (${code})` : ''}`;
}

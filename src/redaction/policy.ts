/** What is to be masked. */
import { variantsOf } from './paths.ts';

export interface RedactSettings {
  secrets?: boolean;
  tokens?: boolean;
  paths?: readonly string[];
}

export interface Policy {
  secrets: boolean;
  tokens: boolean;
  /** Named paths, each in the spellings of all platforms, as `letters` has them. */
  paths: readonly string[];
  /** Of bytes of which this is false, nothing is to be masked: it costs a fraction of reading them.
   * @param text of the bytes, as Latin-1 */
  mayHold(text: string): boolean;
}

/** Escapes of letters, which nothing that logs writes; gzip data and JSON in base64, whose text does not show. */
const HIDDEN =
  /\\u00(?![01]|3[ceCE]|26)|H4s|(?<![A-Za-z0-9+/])(?:e(?:y[JA]|w[o0k])|W(?:3s|1s|y[JA]|w[o0k]))[A-Za-z0-9+/]{8}/;
const GZIP = '\x1f\x8b';
const SECRETS = 'ecret';
const TOKENS =
  'token|passw|api[-_]?key|bearer|basic |private[-_ ]?key|LS0tLS1CRUdJTi|://|client[-_]?(?:secret|key)|authorization(?!\\.k8s)';
/** The members of Cloud Audit Logs and OCSF have other names. */
const PLATFORMS = 'protoPayload|method_?name|class_uid';

export function policyOf({ secrets = false, tokens = false, paths = [] }: RedactSettings): Policy {
  const last = paths.map((path) => path.split(/[^\w-]+/).findLast((step) => step !== '') ?? '');
  const words = [
    ...(secrets ? [SECRETS] : []),
    ...(tokens ? [TOKENS] : []),
    ...(paths.length > 0 ? [...last.map(escaped), PLATFORMS] : []),
  ];
  const shown = new RegExp(words.join('|'), 'i');
  return {
    secrets,
    tokens,
    paths: paths.flatMap(variantsOf),
    mayHold: (text) => HIDDEN.test(text) || text.includes(GZIP) || shown.test(text),
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w]/g, '\\$&');
}

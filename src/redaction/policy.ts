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
  /** If this is false for bytes, nothing in them is to be masked: it costs a fraction of reading them.
   * @param text the bytes as Latin-1 */
  mayHold(text: string): boolean;
}

/** Escapes of letters, in JSON and in URIs, which no logger writes; gzip data and JSON in base64, whose text is not visible. */
const HIDDEN =
  /%(?:[46][1-9a-fA-F]|[57][0-9aA])|\\u00(?![01]|3[ceCE]|26)|H4s|(?<![A-Za-z0-9+/])(?:e(?:y[JA]|w[o0k])|W(?:3s|1s|y[JA]|w[o0k]))[A-Za-z0-9+/]{8}/;
const GZIP = '\x1f\x8b';
const SECRETS = 'ecret';
const TOKENS =
  'token|passw|api[-_]?key|bearer|basic(?:[ \\t+:]|%20|%3a)|private[-_ ]?key|LS0tLS1CRUdJTi|(?::|%3a)(?:\\\\?/|%2f){2}|client[-_]?(?:secret|key)|authorization(?!\\.k8s)';
/** Marks of Cloud Audit Logs and OCSF, whose members have other names. */
const PLATFORMS = 'protoPayload|method_?name|class_uid';

/** Words that, in base64, show that there is something to mask in text other than JSON. */
const SECRETS_PACKED = ['ecret'];
const TOKENS_PACKED = ['token', 'Token', 'TOKEN', 'passw', 'PASSW', 'earer', 'api-key', 'API_KEY'];
/** How JSON and gzip data begin in base64 of base64, and JSON Web Tokens in up to three layers of it. */
const TWICE = ['ZXlK', 'ZXdv', 'SDRzS', 'WlhsS'];

/** What the base64 of each text always contains, wherever the text begins. */
function inBase64(texts: readonly string[]): string[] {
  return texts.flatMap((text) =>
    [0, 1, 2].map((before) => {
      const packed = Buffer.from('\0'.repeat(before) + text).toString('base64');
      return packed.slice(Math.ceil((before * 8) / 6), Math.floor(((before + text.length) * 8) / 6));
    }),
  );
}

export function policyOf({ secrets = false, tokens = false, paths = [] }: RedactSettings): Policy {
  const last = paths.map((path) => path.split(/[^\w-]+/).findLast((step) => step !== '') ?? '');
  const words = [
    ...(secrets ? [SECRETS] : []),
    ...(tokens ? [TOKENS] : []),
    ...(paths.length > 0 ? [...last.map(escaped), PLATFORMS] : []),
  ];
  const shown = new RegExp(words.join('|'), 'i');
  const once = inBase64([...(secrets ? SECRETS_PACKED : []), ...(tokens ? TOKENS_PACKED : [])]);
  const packed = new RegExp([...TWICE, ...once, ...inBase64(once)].map(escaped).join('|'));
  return {
    secrets,
    tokens,
    paths: paths.flatMap(variantsOf),
    mayHold: (text) => HIDDEN.test(text) || text.includes(GZIP) || shown.test(text) || packed.test(text),
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w]/g, '\\$&');
}

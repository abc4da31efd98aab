/** Named paths, and the keys on them in any spelling. */

/** A key or a path without case and separators: `user_username`, `user.username` and `UserUsername` are the same. */
export function letters(name: string): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  const plain = name.replaceAll(/[._/[\]*]/g, '').toLowerCase();
  if (known.size === MAX_KNOWN) known.clear();
  if (name.length <= MAX_KNOWN_LENGTH) known.set(name, plain);
  return plain;
}

/** A cache, as nearly all keys are those of Kubernetes. */
const known = new Map<string, string>();
const MAX_KNOWN = 4096;
const MAX_KNOWN_LENGTH = 100;

/** The first steps of paths, under their names in Cloud Audit Logs and OCSF. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  requestObject: ['protoPayload.request', 'protopayload_auditlog.requestJson', 'gcp.audit.request', 'api.request.data'],
  responseObject: [
    ...['protoPayload.response', 'protopayload_auditlog.responseJson', 'gcp.audit.response', 'api.response.data'],
  ],
  'user.username': [
    ...['authenticationInfo.principalEmail', 'authenticationInfo.principalSubject', 'client.user.email'],
    ...['actor.user.name', 'authenticationInfo.serviceAccountDelegationInfo'],
  ],
  'user.groups': ['actor.user.groups'],
  'user.uid': ['actor.user.uid'],
  'impersonatedUser.username': ['authenticationInfo.authoritySelector'],
  userAgent: ['requestMetadata.callerSuppliedUserAgent', 'http_request.user_agent', 'user_agent.original'],
  sourceIPs: ['requestMetadata.callerIp', 'src_endpoint', 'source.ip'],
  requestURI: [
    'protoPayload.resourceName',
    'authorizationInfo.resource',
    'http_request.url',
    'gcp.audit.resource_name',
  ],
  annotations: ['labels', 'unmapped.annotations'],
  responseStatus: ['protoPayload.status', 'gcp.audit.status', 'api.response'],
};

/** Names in rules for fields that have another name in the log. */
export const UNIFIED: Readonly<Record<string, string>> = {
  username: 'user.username',
  uid: 'user.uid',
  groups: 'user.groups',
  resource: 'objectRef.resource',
  subresource: 'objectRef.subresource',
  namespace: 'objectRef.namespace',
  name: 'objectRef.name',
  apiGroup: 'objectRef.apiGroup',
  apiVersion: 'objectRef.apiVersion',
};

/** A path as `letters` spells it, in the names of every platform. Brackets select nothing: all items of a list are visited. */
export function variantsOf(path: string): string[] {
  const plain = path.replaceAll(/\[[^\]]*\]/g, '');
  const written = UNIFIED[plain] ?? plain;
  const heads = Object.keys(OTHER_NAMES).filter((head) => written === head || written.startsWith(`${head}.`));
  const others = heads.flatMap((head) => OTHER_NAMES[head]!.map((name) => `${name}${written.slice(head.length)}`));
  return [written, ...others].map(letters);
}

/** Whether a step of a path has no name, so that it leads nowhere. */
export function leadsNowhere(path: string): boolean {
  return path
    .replaceAll(/\[[^\]]*\]/g, '')
    .split('.')
    .some((step) => letters(step) === '');
}

/** Where a key leads on the paths. */
export interface Step {
  /** Whether it is the end of one, or beyond it. */
  isEnd: boolean;
  /** The remaining steps of those that continue. */
  rest: readonly string[];
}

/** @param rest remaining steps of the paths that lead to the map of the key; any path may begin at any map */
export function stepOn(paths: readonly string[], rest: readonly string[], key: string): Step {
  if (paths.length === 0) return NOWHERE;
  const further: string[] = [];
  if (leads(rest, key, further)) return AT_END;
  let name = key;
  for (let prefixes = 0; name !== '' && prefixes <= MAX_PREFIXES; prefixes++) {
    if (leads(paths, name, further)) return AT_END;
    name = withoutPrefix(name);
  }
  return further.length === 0 ? NOWHERE : { isEnd: false, rest: further };
}

const NOWHERE: Step = { isEnd: false, rest: [] };
const AT_END: Step = { isEnd: true, rest: [] };

/** Whether a key is the end of one of the paths, or beyond it.
 * @param further receives the remaining steps of those that continue */
function leads(paths: readonly string[], key: string, further: string[]): boolean {
  const name = letters(key);
  if (name === '') return false;
  for (const path of paths) {
    if (path === name || (name.startsWith(path) && endsAt(key, path.length))) return true;
    if (path.startsWith(name)) further.push(path.slice(name.length));
  }
  return false;
}

/** The nest filter puts a prefix before keys. */
function withoutPrefix(key: string): string {
  const separator = key.search(/[._/]/);
  return separator === -1 ? '' : key.slice(separator + 1);
}

const MAX_PREFIXES = 3;

/** Whether a separator follows that many letters of a key: the rest names something below. */
function endsAt(key: string, count: number): boolean {
  let seen = 0;
  for (let at = 0; at < key.length; at++) {
    const isSeparator = /[._/[\]]/.test(key[at]!);
    if (seen === count) return isSeparator;
    if (!isSeparator) seen++;
  }
  return false;
}

/** Names of fields that no event can have, although they begin with a known name: judged by the members of an audit event
 * and by what Tripline makes of it. Bodies, annotations and extra may have any members. */
import { AuditEvent } from '../record.ts';
import { didYouMean, quote } from '../sigma/index.ts';
import { fields } from './index.ts';

interface JsonSchema {
  type?: string | readonly string[];
  anyOf?: readonly JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
}

/** Fields that are maps, or lists of maps, whose members Kubernetes names. */
const maps: ReadonlySet<string> = new Set([
  'podSpec',
  'object',
  'containers',
  'volumes',
  'requestObject',
  'responseObject',
]);

/** Names that other schemas use, with the name used here. */
const elsewhere: Readonly<Record<string, string>> = {
  'user.name': 'username',
  'user.id': 'uid',
  'user.roles': 'groups',
  'source.ip': 'sourceIPs',
  'source.address': 'sourceIPs',
  'client.ip': 'sourceIPs',
  src_ip: 'sourceIPs',
  'user_agent.original': 'userAgent',
  'user_agent.name': 'userAgentName',
  'event.action': 'verb',
  'event.id': 'auditID',
  'event.outcome': 'outcome',
  'http.request.method': 'verb',
  'http.response.status_code': 'responseStatus.code',
  'url.original': 'requestURI',
  'orchestrator.namespace': 'namespace',
  'orchestrator.resource.name': 'name',
  'orchestrator.resource.type': 'resource',
  'orchestrator.cluster.name': 'cluster',
};
/** Prefixes of audit.k8s.io names, for shippers that nest the event below another key. */
const prefixes = /^(?:kubernetes\.audit|kubernetes_audit|kubernetes|audit|protoPayload|log|ka)\./;

/** @see FindFlaw of `sigma/` */
export function findFlaw(name: string, isCompared: boolean): { message: string; hint: string } | undefined {
  const foreign = Object.hasOwn(elsewhere, name) ? elsewhere[name] : undefined;
  if (foreign !== undefined) return nothingThere(name, `write ${foreign}, its name in docs/reference/fields.md`);
  const bracket = /^(?!annotations\.|user\.extra\.)[^[]*\[[^\]]*\]/.exec(name);
  if (bracket !== null) {
    const hint = 'drop the brackets, for any member; or write sigma-version: 3 and [any], [all], [none] or a position';
    return { message: `${quote(bracket[0])} is the name of a member here, and no event has it`, hint };
  }
  const [head = '', ...path] = name.split('.');
  if (fields.has(name)) return isCompared && isMap(name) ? mapCompared(name) : undefined;
  if (maps.has(head)) {
    if ((head === 'containers' || head === 'volumes') && /^\d+$/.test(path[0] ?? '')) return position(name, head);
    return path.length === 0 && isCompared ? mapCompared(name) : undefined;
  }
  const { properties } = AuditEvent as { properties: Record<string, JsonSchema> };
  const schema = Object.hasOwn(properties, head) ? properties[head] : undefined;
  if (schema === undefined) {
    const rest = name.replace(prefixes, '');
    const isKnown = rest !== name && (fields.has(rest) || Object.hasOwn(AuditEvent.properties, rest.split('.')[0]!));
    return isKnown ? nothingThere(name, `write ${rest}`) : undefined;
  }
  return flawBelow(name, head, path, schema, isCompared);
}

function flawBelow(
  name: string,
  above: string,
  path: readonly string[],
  schema: JsonSchema,
  isCompared: boolean,
): ReturnType<typeof findFlaw> {
  const [first = schema] = (schema.anyOf ?? []).filter(({ type }) => type !== 'null');
  const { items, properties, type } = first;
  if (items !== undefined) {
    return /^\d+$/.test(path[0] ?? '') ? position(name, above) : flawBelow(name, above, path, items, isCompared);
  }
  const [member, ...rest] = path;
  if (properties !== undefined) {
    if (member === undefined) return isCompared ? mapCompared(name) : undefined;
    const below = Object.hasOwn(properties, member) ? properties[member] : undefined;
    if (below !== undefined) return flawBelow(name, `${above}.${member}`, rest, below, isCompared);
    const known = Object.keys(properties);
    const meant = didYouMean(member, known, `it has ${known.join(', ')}`);
    return nothingThere(name, meant.replace(/'(.*)'/, `'${above}.$1'`));
  }
  // A map with any names, or a value of any type.
  if (type === 'object' || type === undefined)
    return member === undefined && isCompared ? mapCompared(name) : undefined;
  return member === undefined ? undefined : nothingThere(name, `${above} has no members`);
}

function isMap(name: string): boolean {
  return maps.has(name) || name === 'responseStatus';
}

function nothingThere(name: string, hint: string) {
  return { message: `no event has a field ${quote(name)}`, hint };
}

function position(name: string, list: string) {
  const hint = `write ${list} without it, for any member; or sigma-version: 3 and ${list}[0]`;
  return { message: `${quote(name)} selects a member of a list by a numeric name, which no member has`, hint };
}

function mapCompared(name: string) {
  const examples: Readonly<Record<string, string>> = {
    user: 'username',
    objectRef: 'resource',
    podSpec: 'podSpec.hostPID',
    containers: 'containers.image',
    volumes: 'volumes.name',
    object: 'object.kind',
    responseStatus: 'responseStatus.code',
    annotations: 'annotations.authorization.k8s.io/decision',
  };
  const example = Object.hasOwn(examples, name) ? examples[name] : `${name}.kind`;
  return {
    message: `${quote(name)} is a map, which is never equal to text or a number, and never contains one`,
    hint: `name the member that is meant, such as ${example}`,
  };
}

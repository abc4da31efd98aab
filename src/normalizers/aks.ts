/** Azure Kubernetes Service: diagnostic records (Event Hub, storage, partners) and the tables of Log Analytics. */
import { at, CUT, type JsonMap, member, textAt } from '../json/map.ts';
import { type Context, isAuditEvent, type Normalizer } from './normalizer.ts';

export const aks: Normalizer = {
  name: 'aks',
  read(map, context) {
    if (isAuditEvent(map)) {
      if (context.platform !== undefined || !USERS.has(textAt(map, 'user', 'username') ?? '')) return undefined;
      return { kind: 'audit', source: map, context: { ...context, platformOfUser: 'aks' } };
    }
    if (textAt(map, 'AuditId') !== undefined) {
      return { kind: 'audit', source: fromColumns(map), context: placedBy(map, context) };
    }
    const log = logOf(map);
    return log === undefined ? undefined : { kind: 'wrapper', groups: [[log]], context: placedBy(map, context) };
  },
};

/** Users that exist only on AKS. */
const USERS = new Set(['aksService', 'hcpService', 'masterclient', 'nodeclient']);

/** The log line of a diagnostic record: a string, an object after some pipelines, and text for the other categories. */
function logOf(map: JsonMap): unknown {
  const properties = member(map, 'properties');
  // Azure writes `properties` of other services as a string; its map is then visited as a wrapper of its own.
  if (typeof properties === 'string' && textAt(map, 'resourceId') !== undefined) return properties;
  return at(properties, 'log') ?? member(map, 'log_s');
}

function placedBy(map: JsonMap, context: Context): Context {
  const id = textAt(map, 'resourceId') ?? textAt(map, 'ResourceId') ?? textAt(map, '_ResourceId');
  // Azure spells ids in upper case in some places and in lower case in others, so case means nothing.
  const found = RESOURCE_ID.exec(id?.toLowerCase() ?? '');
  if (found === null) return { ...context, platform: 'aks' };
  const [path, account, region, type, name] = found;
  return {
    ...context,
    // Azure Arc logs clusters that run anywhere.
    platform: type === 'managedclusters' ? 'aks' : 'kubernetes',
    cluster: { name, id: path, account, region },
  };
}

const RESOURCE_ID =
  /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/microsoft\.[a-z]+\/(managedclusters|connectedclusters)\/([^/]+)/;

/** AKSAudit, AKSAuditAdmin and ArcK8sAudit: one column for each member; dynamic columns may come as JSON text, which is
 * read together with the event. There is no column for the impersonated user: it is read as nobody, or each record would be
 * undecided. */
function fromColumns(map: JsonMap): JsonMap {
  const source: JsonMap =
    map[CUT] === undefined
      ? { annotations: {}, sourceIPs: [], responseStatus: {}, objectRef: null, userAgent: '' }
      : {};
  for (const [column, name] of Object.entries(COLUMNS)) {
    const value = member(map, column);
    if (value !== undefined) source[name] = value;
  }
  source.impersonatedUser = null;
  source[CUT] = map[CUT] ?? 'not_logged';
  return source;
}

const COLUMNS = {
  AuditId: 'auditID',
  Level: 'level',
  Stage: 'stage',
  RequestUri: 'requestURI',
  Verb: 'verb',
  User: 'user',
  SourceIps: 'sourceIPs',
  UserAgent: 'userAgent',
  ObjectRef: 'objectRef',
  ResponseStatus: 'responseStatus',
  Annotations: 'annotations',
  RequestObject: 'requestObject',
  ResponseObject: 'responseObject',
  RequestReceivedTime: 'requestReceivedTimestamp',
  StageReceivedTime: 'stageTimestamp',
};

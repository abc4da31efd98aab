/** The layout of an outline: which members of an audit event it has, and where. */

/** Members whose value is a text. */
export const texts = [
  'kind',
  'apiVersion',
  'level',
  'auditID',
  'stage',
  'requestURI',
  'verb',
  'userAgent',
  'requestReceivedTimestamp',
  'stageTimestamp',
] as const;

/** Members whose value is a map. */
export const maps = [
  'user',
  'impersonatedUser',
  'authenticationMetadata',
  'objectRef',
  'responseStatus',
  'annotations',
] as const;

/** Members of `objectRef`, all of which are texts. */
export const refs = [
  'resource',
  'subresource',
  'namespace',
  'name',
  'uid',
  'apiGroup',
  'apiVersion',
  'resourceVersion',
] as const;

/** Members of an event, by slot. */
export const members = [...texts, ...maps, 'sourceIPs', 'requestObject', 'responseObject'] as const;

/** Members of what an event is wrapped in, a diagnostic record of Azure, or made of, an entry of Cloud Audit Logs; those of
 * its maps by their paths. */
export const wrapping = [
  'properties',
  'properties.log',
  'timestamp',
  'insertId',
  'labels',
  'operation',
  'operation.id',
  'operation.first',
  'operation.last',
  'protoPayload',
  'serviceName',
  'methodName',
  'resourceName',
  'authenticationInfo',
  'requestMetadata',
  'callerIp',
  'callerSuppliedUserAgent',
  'status',
  'request',
  'request.@type',
  'request.value',
  'response',
  'response.@type',
  'response.status',
  'response.metadata',
  'creationTimestamp',
] as const;

const FIRST_REF = members.length;
const FIRST_WRAPPING = FIRST_REF + refs.length;
const FIRST_EXTRA = FIRST_WRAPPING + wrapping.length;
/** Members that kube-apiserver does not write, such as those that a log pipeline adds. A record with more of them is not
 * outlined. */
const MAX_EXTRAS = 12;

/** Numbers of an outline: the start and end of each slot (-1 if there is none; for a text, of what is between its quotes),
 * then those of the extra members, each from its key to the end of its value, their number, where the event is, the number
 * of its profile, and whether its URI is as usual. */
export const STRIDE = 2 * (FIRST_EXTRA + MAX_EXTRAS) + 8;

/** Offset of a member's start in an outline; its end comes next. */
export const KIND = offset('kind');
export const API_VERSION = offset('apiVersion');
export const LEVEL = offset('level');
export const AUDIT_ID = offset('auditID');
export const STAGE = offset('stage');
export const REQUEST_URI = offset('requestURI');
export const VERB = offset('verb');
export const USER_AGENT = offset('userAgent');
export const RECEIVED = offset('requestReceivedTimestamp');
export const STAGED = offset('stageTimestamp');
export const USER = offset('user');
export const IMPERSONATED_USER = offset('impersonatedUser');
export const AUTHENTICATION = offset('authenticationMetadata');
export const OBJECT_REF = offset('objectRef');
export const STATUS = offset('responseStatus');
export const ANNOTATIONS = offset('annotations');
export const SOURCE_IPS = offset('sourceIPs');
export const REQUEST_OBJECT = offset('requestObject');
export const RESPONSE_OBJECT = offset('responseObject');
export const REF_RESOURCE = refOffset('resource');
export const REF_SUBRESOURCE = refOffset('subresource');
export const REF_NAMESPACE = refOffset('namespace');
export const REF_NAME = refOffset('name');
export const REF_UID = refOffset('uid');
export const REF_GROUP = refOffset('apiGroup');
export const REF_VERSION = refOffset('apiVersion');
export const REF_RESOURCE_VERSION = refOffset('resourceVersion');
/** Offset of the first slot that is not a member of an event. */
export const WRAPPING = 2 * FIRST_WRAPPING;
export const TIMESTAMP = wrappingOffset('timestamp');
export const PAYLOAD = wrappingOffset('protoPayload');
export const LOG = wrappingOffset('properties.log');
export const EXTRAS = 2 * FIRST_EXTRA;
export const LAST_EXTRA = EXTRAS + 2 * MAX_EXTRAS;
/** Offset of the number of extra members. */
export const EXTRA_COUNT = LAST_EXTRA;
/** Offset of the number of the outline around an event that is a text in a record; -1 for none. */
export const WRAPPER = LAST_EXTRA + 1;
/** Offset of the number for what the spans are offsets in: 0 for texts that were unescaped from records, -1 for the batch. */
export const TEXT = LAST_EXTRA + 2;
/** Offset of the span, in a wrapper, of the text that is an event. */
export const HOLE = LAST_EXTRA + 4;
/** Offset of a number that stands for the bytes of all members of the event that are alike in many, see profiles.ts; 0 if it
 * has none. */
export const PROFILE = LAST_EXTRA + 6;
/** Offset of a flag: 1 if the URI says no more than the objectRef, see walk/uri.ts, else 0. */
export const USUAL_URI = LAST_EXTRA + 7;
/** Offset of the layout of the event. */
export const LAYOUT = LAST_EXTRA + 3;
export const JSON_LAYOUT = 0;
export const MSGPACK_LAYOUT = 1;
/** An entry of Cloud Audit Logs in JSON. */
export const GKE_LAYOUT = 2;

function offset(name: (typeof members)[number]): number {
  return 2 * members.indexOf(name);
}

export function wrappingOffset(name: (typeof wrapping)[number]): number {
  return 2 * (FIRST_WRAPPING + wrapping.indexOf(name));
}

function refOffset(name: (typeof refs)[number]): number {
  return 2 * (FIRST_REF + refs.indexOf(name));
}

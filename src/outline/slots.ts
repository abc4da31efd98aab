/** The layout of an outline: which members of an audit event it has, and at which place. */

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

/** Members of `objectRef`, texts all of them. */
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

const FIRST_REF = members.length;
const FIRST_EXTRA = FIRST_REF + refs.length;
/** Members that kube-apiserver does not write, such as those that a log pipeline adds. A record with more of them is not
 * outlined. */
const MAX_EXTRAS = 12;

/** Numbers of an outline: the start and end of each slot (-1 where there is none), then those of the extra members, each
 * from its key to the end of its value, and their number. */
export const STRIDE = 2 * (FIRST_EXTRA + MAX_EXTRAS) + 2;

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
export const EXTRAS = 2 * FIRST_EXTRA;
export const LAST_EXTRA = EXTRAS + 2 * MAX_EXTRAS;
/** Offset of the number of extra members. */
export const EXTRA_COUNT = LAST_EXTRA;

function offset(name: (typeof members)[number]): number {
  return 2 * members.indexOf(name);
}

function refOffset(name: (typeof refs)[number]): number {
  return 2 * (FIRST_REF + refs.indexOf(name));
}

/** Names that settings choose, and what they must not be. Each function says what is wrong with a name and what to write, or
 * nothing. */

/** Members of records from which an event is read, by those who write them: under one of these names, a tag would replace
 * what was logged. test/config/names.test.ts compares them with the normalizers. */
const needed: Readonly<Record<string, readonly string[]>> = {
  'an audit event': [
    ...['kind', 'apiVersion', 'metadata', 'items', 'level', 'auditID', 'stage', 'requestURI', 'verb', 'user'],
    ...['impersonatedUser', 'authenticationMetadata', 'sourceIPs', 'userAgent', 'objectRef', 'responseStatus'],
    ...['requestObject', 'responseObject', 'requestReceivedTimestamp', 'stageTimestamp', 'annotations', 'timestamp'],
  ],
  'a record of EKS': [
    ...['messageType', 'owner', 'logGroup', 'logStream', 'logEvents', 'subscriptionFilters', '@log', '@logStream'],
    ...['log_group', 'log_group_name', 'log_stream', 'awslogs', 'requestId', 'results', 'field', 'value'],
    ...['p_log_type', 'p_source_label', 'p_any_usernames'],
  ],
  'a record of AKS': [
    ...['properties', 'resourceId', 'ResourceId', '_ResourceId', 'category', 'Category', 'operationName', 'log_s'],
    ...['AuditId', 'Level', 'Stage', 'RequestUri', 'Verb', 'User', 'SourceIps', 'UserAgent', 'ObjectRef'],
    ...['ResponseStatus', 'Annotations', 'RequestObject', 'ResponseObject', 'RequestReceivedTime'],
    ...['StageReceivedTime', 'TimeGenerated'],
  ],
  'an entry of Cloud Audit Logs': [
    ...['protoPayload', 'protopayload_auditlog', 'insertId', 'logName', 'resource', 'labels', 'operation', 'split'],
    ...['severity', 'receiveTimestamp', 'jsonPayload', 'textPayload', 'message', 'subscription'],
  ],
  'a record of OpenShift': ['k8s_audit_level', 'openshift_audit_level', 'openshift', 'kubernetes'],
  'an event of Elastic': ['azure', 'gcp', 'client', 'cloud', 'source', 'user_agent', 'orchestrator', 'event'],
  'an event of OCSF': [
    ...['class_uid', 'actor', 'api', 'http_request', 'src_endpoint', 'resources', 'unmapped', 'status', 'time'],
    ...['activity_id', 'category_uid'],
  ],
  'a log of OTLP': ['resourceLogs', 'scopeLogs', 'logRecords', 'attributes', 'body', 'key', 'k8s.cluster.name'],
  'what wraps events': [
    ...['records', 'Records', 'events', 'receivedMessages', 'Messages', 'hits', 'result', 'streams', 'values'],
    ...['log', 'MESSAGE', 'msg', 'short_message', 'full_message', '@message', '@timestamp', 'payload', '_raw', 'data'],
    ...['data_base64', 'log_processed', '_source', 'original', 'event.original', 'line', 'Message', 'Sns', 'Body'],
    ...['LogJson', 'content', 'logContent', '_line', 'stream', 'logtag', 'specversion', 'type', 'audit_event'],
  ],
  'what Fluent Bit adds': ['date', '__internal__'],
};

const neededBy = new Map(Object.entries(needed).flatMap(([whose, names]) => names.map((name) => [name, whose])));

/** Members that pipelines make from nested ones: `user_username`, `objectRef.name`, `requestObject/spec/hostPID`. */
const flattened =
  /^(user|impersonatedUser|authenticationMetadata|objectRef|responseStatus|requestObject|responseObject|annotations|sourceIPs|protoPayload|resource|operation|split|labels|properties)[._/[]/;

/** @param dateKey the key of the time in the same records */
export function memberNameFault(name: string, dateKey: unknown): string | undefined {
  const remedy = "write a distinct name, such as 'tripline'";
  if (name === dateKey) return `is also the dateKey, so the tag would replace the time; ${remedy}`;
  const whose = whoseNeeded(name);
  if (whose !== undefined) return `is a member of ${whose}, and the tag would replace it; ${remedy}`;
  if (/\p{C}/u.test(name)) return `has an invisible character; ${remedy}`;
  return undefined;
}

/** Keys under which senders put a time, and which leave the event whole. */
const times: readonly string[] = ['date', 'time', 'timestamp', '@timestamp'];

export function dateKeyFault(name: string): string | undefined {
  const whose = times.includes(name) ? undefined : whoseNeeded(name);
  return (
    whose &&
    `is a member of ${whose}, and not the time that Fluent Bit adds; write the json_date_key of its output, such as 'date'`
  );
}

function whoseNeeded(name: string): string | undefined {
  if (flattened.test(name) || name.endsWith('auditID')) return 'an audit event whose nested members were lifted';
  return neededBy.get(name);
}

/** Headers that mean something other than a tag, to Tripline, to what is in front of it, or to HTTP. */
const meant = new Set([
  ...['authorization', 'proxy-authorization', 'proxy-authenticate', 'www-authenticate', 'cookie', 'set-cookie'],
  ...['host', 'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'via'],
  ...['expect', 'date', 'origin', 'referer', 'user-agent', 'from', 'range', 'max-forwards', 'forwarded', 'priority'],
  ...['traceparent', 'tracestate', 'baggage', 'cache-control', 'pragma', 'x-real-ip'],
]);
const meantBefore = /^(content|accept|if|sec|access-control|x-forwarded)(-|$)/;

/** As HTTP writes a name: RFC 9110, token. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export function headerFault(name: string): string | undefined {
  const remedy = "write the header_tag of Fluent Bit's output, such as 'X-Fluent-Tag'";
  if (!token.test(name)) return `is not a valid header name; ${remedy}`;
  const lower = name.toLowerCase();
  if (meant.has(lower) || meantBefore.test(lower)) return `is a header with a meaning of its own; ${remedy}`;
  return undefined;
}

/** What comes in a header after `Bearer `: RFC 6750 and whatever else is one word. */
export function bearerTokenFault(text: string): string | undefined {
  if (/^[!-~]+$/.test(text)) return undefined;
  return 'has a space, a control character or a letter outside ASCII, so no sender can send it; write one word, such as openssl rand -hex 32 prints';
}

export function basicUserFault(name: string): string | undefined {
  return /[:\p{Cc}]/u.test(name)
    ? 'has a colon or a control character, which ends a user name; leave it out'
    : undefined;
}

export function basicPasswordFault(text: string): string | undefined {
  return /\p{Cc}/u.test(text)
    ? 'has a control character, so no sender can send it; check whether its file has more than one line'
    : undefined;
}

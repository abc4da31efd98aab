/** Mistakes about entries of Cloud Audit Logs. */
import { inFile, type Mutant, slotsIn } from './mutant.ts';

const entry = inFile('outline/gke-outline.ts');
const shapes = inFile('outline/json-shapes.ts');
const decisions = inFile('decisions/entry-decisions.ts');
const samples = inFile('decisions/entry-samples.ts');
const event = inFile('decisions/entry-event.ts');
const ages = inFile('decisions/ages.ts');

export const entryMutants: readonly Mutant[] = [
  ...slotsIn('decisions/entry-decisions.ts'),
  entry(
    'members of an event beside the entry',
    'for (let offset = 0; offset < WRAPPING; offset += 2) if (spans[base + offset] !== -1) return;',
    '',
  ),
  entry('any service', '!isText(bytes, spans, base + SERVICE, KUBERNETES) || ', ''),
  entry('no address', 'isEmpty(spans, base + CALLER) || ', ''),
  entry(
    'a Status by its text',
    'if (spans[base + RESPONSE_STATUS] !== -1 && bytes[spans[base + RESPONSE_STATUS]!] === QUOTE) return;',
    '',
  ),
  entry('a Status by its type', ' || endsWith(bytes, spans, base + RESPONSE_TYPE, STATUS_TYPE)', ''),
  entry('types with escapes', '!isPlain(bytes, spans, base + RESPONSE_TYPE) || ', ''),
  entry(
    'lists of a patch',
    'if (value !== -1 && bytes[value] === OPEN_BRACKET && isText(bytes, spans, base + REQUEST_TYPE, PATCH)) return;',
    '',
  ),
  entry('no status', 'spans[base + USER] === -1 || spans[base + STATUS] === -1', 'spans[base + USER] === -1'),
  entry('one of two times', ' || end === UNCLEAR', ''),
  entry(
    'no time',
    'bytes[start] !== QUOTE) return false;\n  spans[base + RECEIVED]',
    'false) return false;\n  spans[base + RECEIVED]',
  ),
  entry('the id of an entry alone', 'if (spans[base + OPERATION_ID] !== -1) {', 'if (false) {'),
  entry('methods without a verb', 'return verb < end;', 'return true;'),
  entry('watches of before', ' || isSegment(bytes, 2, WATCH)', ''),
  entry(
    'anything for a version',
    'if (bytes[version] !== LETTER_V || !isDigit(bytes[version + 1]!)) return false;',
    '',
  ),
  entry('parts of a Namespace as its objects', '!isSegment(bytes, 4, STATUS_PART) &&', ''),
  entry('names that go on', 'if (count > resource + 3) return false;', ''),
  entry('the core as a group', 'if (!isSegment(bytes, 0, CORE)) note', 'note'),
  entry(
    'Namespaces without their own',
    'if (isSegment(bytes, resource, NAMESPACES)) note(spans, base + REF_NAMESPACE, resource + 1);',
    '',
  ),
  entry('names with queries', ' || byte === QUESTION', ''),
  entry('names with escapes', 'byte === BACKSLASH || byte === PERCENT', 'byte === BACKSLASH'),
  entry('empty segments', ' || at === segments[count - 1]', ''),
  shapes('other members of the payload', "inside('protoPayload', UNEXPECTED", "inside('protoPayload', PASSED"),
  shapes(
    'other spellings of the type of an answer',
    "response.@type'),\n  at_sign_type: REFUSED",
    "response.@type'),\n  at_sign_type: IGNORED",
  ),
  shapes(
    'other spellings of the type of a request',
    "request.@type'), at_sign_type: REFUSED",
    "request.@type'), at_sign_type: IGNORED",
  ),
  decisions('request body not looked at', 'requestObject === MAP && !isUsualRequest', 'false && !isUsualRequest'),
  decisions('namespace that is created', 'if (shared.isNamespaceCreated && ', 'if (false && '),
  decisions('objects that a change makes', '!isFailure && this.#mayMake(bytes, view, spans, base)', 'false'),
  decisions(
    'objects that an update makes',
    'if (!isPatch && !isText(bytes, spans, base + VERB, UPDATE)) return false;',
    'if (!isPatch) return false;',
  ),
  decisions(
    'patches without an answer',
    'if (spans[base + RESPONSE_OBJECT] === -1) return isPatch;',
    'if (spans[base + RESPONSE_OBJECT] === -1) return false;',
  ),
  decisions('one status for all', 'isFailure ? shared.own : { ...shared.own, responseStatus }', 'shared.own'),
  decisions(
    'status of the profile',
    'isFailure ? shared.own : { ...shared.own, responseStatus }',
    '{ ...shared.own, responseStatus }',
  ),
  ages('any age', 'Math.abs(seconds) > APART_SECONDS', 'true'),
  ages('ages in one direction', 'Math.abs(seconds) > APART_SECONDS', '-seconds > -APART_SECONDS'),
  ages(
    'times that are none',
    'TO_THE_SECOND.test(text) ? Date.parse(`${text}Z`) / 1000 : Number.NaN',
    'Date.parse(`${text}Z`) / 1000',
  ),
  ages('times of other zones', ' || bytes[last] !== LETTER_Z', ''),
  samples('dry runs', '({ gaps, cluster, dryRun })', '({ gaps, cluster })'),
  event('requests to a collection', "this.verb === 'create' && spans[base + REF_NAME] !== -1", 'false'),
  event('the group left out', "group === -1 ? '/api/'", "true ? '/api/'"),
];

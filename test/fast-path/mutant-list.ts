/** Mistakes that a fast path could make, as changes to the product: each has to be detected. */
import { entryMutants } from './entry-mutants.ts';
import { inFile, type Mutant, slotsIn, sourceOf } from './mutant.ts';
import { unseen } from './mutant-reasons.ts';
import type { Change } from './mutants.ts';

/** Hashes by length alone. */
export const collide: readonly Change[] = [
  ['outline/byte-hash.ts', 'return hash ^ (hash >>> 13);', 'return (end - start) & 63;'],
  ['outline/walk/member-numbers.ts', 'return <i32>(one >>> 32);', 'return length & 63;'],
];
/** Tables that hold a few values per generation. */
export const small: readonly Change[] = [
  ['decisions/intern.ts', 'const MOST_VALUES = 4096;', 'const MOST_VALUES = 16;'],
];
/** Classes that are forgotten early. */
export const forgetful: readonly Change[] = [
  ['decisions/classes.ts', 'const MOST_CLASSES = 16_384;', 'const MOST_CLASSES = 3;'],
];

/** What stands for the details that rules left open ask for. */
const details: Mutant[] = Array.from(
  sourceOf('decisions/decisions.ts').matchAll(/details\[(\d+)\] = (.*);/g),
  ([whole, number, value]) => ({
    name: `detail ${number} left out: ${value}`,
    changes: [['decisions/decisions.ts', whole, `details[${number}] = (${value}) === UNUSUAL ? UNUSUAL : 1;`]],
  }),
);

const decisions = inFile('decisions/decisions.ts');
const classes = inFile('decisions/classes.ts');
const steps = inFile('decisions/steps.ts');
const screen = inFile('decisions/item-screen.ts');
const needles = inFile('decisions/needle-search.ts');
const bodyScreen = inFile('decisions/body-screen.ts');
const guard = inFile('decisions/guard.ts');
const tables = inFile('decisions/member-tables.ts');
const members = inFile('decisions/members.ts');
const event = inFile('decisions/event.ts');
const layout = inFile('decisions/notation.ts');
const reductions = inFile('decisions/reductions.ts');
const shared = inFile('decisions/shared-members.ts');
const common = inFile('decisions/common-event.ts');
const keys = inFile('outline/event-keys.ts');
const reader = inFile('outline/seam-reader.ts');
const json = inFile('outline/json-outline.ts');
const seams = inFile('outline/seams.ts');
const walker = inFile('outline/walker.ts');
const walk = inFile('outline/walk/walk.ts');
const syntax = inFile('outline/json-syntax.ts');
const msgpack = inFile('outline/walk/msgpack.ts');
const outlines = inFile('outline/outlines.ts');
const find = inFile('outline/find-member.ts');
const bodies = inFile('decisions/bodies.ts');
const ruledOut = inFile('decisions/ruled-out.ts');
const escapes = inFile('outline/unescape.ts');
const uri = inFile('outline/walk/uri.ts');

/** Slots of a profile, in order. */
const profileLists = [
  'KIND, API_VERSION, LEVEL, STAGE, VERB',
  'USER, IMPERSONATED_USER, AUTHENTICATION, SOURCE_IPS, USER_AGENT',
  'STATUS, ANNOTATIONS',
  'REF_RESOURCE, REF_SUBRESOURCE, REF_GROUP, REF_VERSION',
  'METHOD, IS_FIRST, IS_LAST, USER, SOURCE_IPS, USER_AGENT',
];
const without = (list: string, left: string) =>
  list
    .split(', ')
    .filter((name) => name !== left)
    .join(', ');

const all: readonly Mutant[] = [
  ...slotsIn('decisions/shared-members.ts'),
  ...details,
  ...entryMutants,
  decisions('kind of the request body left out', 'requestObject * 4 + responseObject', 'responseObject'),
  decisions('kind of the response body left out', 'requestObject * 4 + responseObject', 'requestObject * 4'),
  decisions(
    'lists are maps',
    'requestObject * 4 + responseObject',
    '(requestObject && MAP) * 4 + (responseObject && MAP)',
  ),
  decisions('stale across a reload', 'decisions === undefined || ruleset !== live', 'decisions === undefined'),
  shared(
    'version of events not looked at',
    '!isText(bytes, spans, base + KIND, KIND_OF_EVENT) || !isText(bytes, spans, base + API_VERSION, AUDIT_V1)',
    '!isText(bytes, spans, base + KIND, KIND_OF_EVENT)',
  ),
  decisions('events without a time', 'spans[base + RECEIVED] === -1 || spans[base + STAGED] === -1', 'false'),
  shared('events without a stage', '!has(STAGE) || ', ''),
  shared('events without a verb', ' || !has(VERB)', ''),
  decisions('empty URI', ' || spans[base + REQUEST_URI] === spans[base + REQUEST_URI + 1]', ''),
  decisions('URI not compared', 'if (spans[base + USUAL_URI] !== 1) return undefined;', ''),
  shared(
    'status and stage not compared',
    'if (isText(bytes, spans, base + STAGE, REQUEST_RECEIVED) === has(STATUS)) return undefined;',
    '',
  ),
  decisions('request body not looked at', 'requestObject === MAP && !isUsualRequest', 'false && !isUsualRequest'),
  bodies('namespace of a body', 'if (layout.find(bytes, view, metadata, NAMESPACE) !== NONE) return false;', ''),
  bodies('options of a deletion', 'return layout.find(bytes, view, start, DRY_RUN) === NONE;', 'return true;'),
  decisions('namespace that is created', 'if (shared.isNamespaceCreated && ', 'if (false && '),
  steps(
    'rules of several fields by classes',
    'this.#program.isOfItems(rule) ? this.#byMembers : this.#byWords',
    'this.#byMembers',
  ),
  steps(
    'deferred fields count as known',
    '!guarded.hasDeferred || (evaluation.truth === false && rule.decide(guarded.lookup) === false)',
    'true',
  ),
  steps(
    'deferred fields count as known where the rule seems not to match',
    '!guarded.hasDeferred || (evaluation.truth === false && rule.decide(guarded.lookup) === false)',
    '!guarded.hasDeferred || evaluation.truth !== true',
  ),
  steps('exceptions forgotten', ' && evaluation.silencedBy === undefined', ''),
  decisions('requests that are not answered', 'if (!isAnswered(event.stage)) {', 'if (false) {'),
  decisions('names that no rule asked for', 'asks.name && name !== UNUSUAL', 'name !== UNUSUAL'),
  decisions('unusual names', 'asks.name && name !== UNUSUAL', 'asks.name'),
  decisions('URIs that no rule asked for', '(asks.uri && uri !== UNUSUAL)', 'uri !== UNUSUAL'),
  steps(
    'matches that depend on more are shared',
    'return guarded.hasDeferred || match.predicates',
    'return match.predicates',
  ),
  steps(
    'matches within lists are shared',
    'guarded.hasDeferred || match.predicates.some(({ member }) => member !== undefined)',
    'guarded.hasDeferred',
  ),
  decisions(
    'names of what is created',
    'if (!isText(bytes, spans, base + VERB, CREATE)) return ABSENT;',
    'return ABSENT;',
  ),
  decisions('bodies that are lists', 'if (hasListAsBody) return UNUSUAL;', ''),
  steps(
    'bodies screened for all rules',
    'this.#byWords = guardedLookup(event, fieldsOf,',
    'this.#byWords = guardedLookup(event, read,',
  ),
  bodyScreen(
    'fields that other items ask for',
    '.filter(({ needles }) => !needles?.every(isWordy))',
    '.filter(() => false).slice(0)',
  ),
  bodyScreen('numbers as texts', '!needles?.every(isWordy)', 'needles === undefined'),
  bodyScreen('bodies that are not searched', 'return isSearched && !holdsAny;', 'return !holdsAny;'),
  needles('capitals', '.toLowerCase()', ''),
  needles('escapes', 'folded, byte) => (byte === BACKSLASH ? 0 : folded)', 'folded) => folded'),
  needles('escaped characters that are folded to ASCII', 'if (foldsToAscii(code)) return -1;', ''),
  needles('U+017F', 'if (first === 0xc5 && second === 0xbf) return -1;', ''),
  needles('U+212A', 'if (first === 0xe2 && second === 0x84 && bytes[at + 2] === 0xaa) return -1;', ''),
  needles('needles that end the text', 'start + needle.length > length', 'start + needle.length >= length'),
  needles('one needle of a slot', 'else entries.push({ needle, bytes, at: best });', ''),

  screen('a bit set for all', "typeof decision === 'boolean' ? decision :", "typeof decision === 'boolean' ? true :"),
  screen('negated items merged', 'if (decision === negated) continue;', 'if (decision === false) continue;'),
  screen('reasons merged', '[decision.field, decision.reason]', '0'),
  screen('items without needles left out', 'const asked = new Set(this.#always);', 'const asked = new Set<number>();'),
  screen('gaps not looked at', 'if (gap !== undefined) return all;', ''),
  screen('texts that are not searched', 'if (!isSearched) return all;', ''),
  screen('one item for each needle', 'else others.push(index);', ''),
  classes('facts left out', 'JSON.stringify([judged, facts])', 'JSON.stringify(judged)'),
  classes('covers all', 'return this.#screens.has(field);', 'return true;'),
  classes(
    'values that depend on other members',
    'if (found === undefined) return undefined;',
    'if (found === undefined) continue;',
  ),
  inFile('decisions/classes.ts', forgetful)('numbers given again', '(id = nextId())', '(id = this.#ids.size + 1)'),

  guard('ids', "if (key === 'uid' || key === 'resourceVersion') throw unreadable;", ''),
  guard(
    'namespaces unnoted',
    "if (key === 'namespace' || key === 'name') note(key);",
    "if (key === 'name') note(key);",
  ),
  guard(
    'names unnoted',
    "if (key === 'namespace' || key === 'name') note(key);",
    "if (key === 'namespace') note(key);",
  ),
  guard(
    'times',
    "      case 'auditID':\n      case 'requestReceivedTimestamp':\n      case 'stageTimestamp':\n        throw unreadable;\n",
    '',
  ),
  guard('bodies', 'if (value !== undefined) throw unreadable;\n        return undefined;', 'return value;'),
  guard('URIs unnoted', "note('requestURI');", ''),
  guard('members unnoted', "      case 'responseStatus':\n        note(key);\n", "      case 'responseStatus':\n"),
  guard('addresses of clients unnoted', "note('sourceIPs');", ''),
  guard('two members in one field', 'if (read !== undefined && read !== member) isMixed = true;', ''),
  guard('classed members for all', 'if (!allows(member)) throw unreadable;', ''),
  guard('coverage not asked for', '(read !== undefined && !covered(read, field))', 'false'),
  guard('deferred unnoted', 'if (found === deferred) guarded.hasDeferred = true;', ''),
  guard(
    'look-up of a member reads all',
    'if (isOwn(key) && !isInRef) return current[key as keyof AuditEvent];\n    throw unreadable;',
    'return event[key as keyof AuditEvent];',
  ),

  inFile('decisions/intern.ts', collide)(
    'bytes not compared',
    'isSame(this.#view, this.#starts[index]!, view, start, length)',
    'true',
  ),
  inFile('outline/byte-hash.ts', collide)(
    'four bytes at a time alone',
    'if (view.getUint8(start + index) !== otherView.getUint8(otherStart + index)) return false;',
    '',
  ),
  inFile('outline/byte-hash.ts', collide)(
    'last bytes alone',
    'if (view.getInt32(start + index) !== otherView.getInt32(otherStart + index)) return false;',
    '',
  ),
  inFile('decisions/intern.ts', [['outline/byte-hash.ts', 'return hash ^ (hash >>> 13);', 'return 0;']])(
    'lengths not compared',
    'this.#lengths[index] === length &&',
    '',
  ),
  inFile('decisions/intern.ts')(
    'the value beside',
    'return this.#values[index];',
    'return this.#values[index ^ 1] ?? this.#values[index];',
  ),
  inFile('decisions/intern.ts', small)('slots kept when a generation is cleared', 'this.#slots.fill(0);', ''),
  inFile('decisions/intern.ts', small)('values kept when a generation is cleared', 'this.#values = [];', ''),
  inFile('decisions/intern.ts', small)('bytes written over', '    this.#used += length;\n', ''),

  tables('platform of users', '[platform, impersonatedUser]', '[impersonatedUser]'),
  tables('impersonation on GKE', '[platform, impersonatedUser]', '[platform]'),
  ...['authorization.k8s.io/decision', 'audit.k8s.io/truncated', 'command.gke.io/dryRun'].map((key) =>
    tables(`annotation ${key}`, `'${key}'`, "'none'"),
  ),
  tables('what an outcome depends on', '({ responseStatus }) => decisiveIn(responseStatus)', '() => []'),
  tables('status without a code', '({ responseStatus }) => responseStatus?.code !== undefined', '() => true'),
  tables('URIs that name objects', 'event === undefined || event.objectRef !== null', 'event === undefined'),
  tables('absent namespace', "[text === '']", '[]'),
  tables(
    'surroundings that change an event',
    'this.#samples.leavesEventAsIs(surround) ? nextId() : UNUSUAL',
    'nextId()',
  ),
  tables(
    'surroundings all one',
    'this.#samples.leavesEventAsIs(surround) ? nextId() : UNUSUAL',
    'this.#samples.leavesEventAsIs(surround) ? 1 : UNUSUAL',
  ),
  tables('the place of the text in its surroundings', 'parts[length++] = OPEN_HOLE;', ''),
  tables('members that are marked', '!isUsual(event) || isMarked(event[name])', '!isUsual(event)'),
  tables(
    'identities that are marked',
    'event === undefined || isMarked(event[name]) ? UNUSUAL',
    'event === undefined ? UNUSUAL',
  ),
  tables('identities all one', 'isMarked(event[name]) ? UNUSUAL : nextId()', 'isMarked(event[name]) ? UNUSUAL : 1'),
  tables(
    'words of one length',
    'bytes.subarray(start, end).includes(BACKSLASH) ? UNUSUAL : nextId()',
    'bytes.subarray(start, end).includes(BACKSLASH) ? UNUSUAL : end - start',
  ),
  members('gaps of a member', 'isDeepStrictEqual(event.gaps, plain.gaps)', 'true'),
  members('records that hold a problem', ' && normalized.problem === undefined', ''),
  members('records of several events', 'normalized.events.length === 1 && ', ''),

  event('a name in a body', "if (name !== '' || this.verb !== 'create') return ref;", 'return ref;'),
  event('namespace of the template', 'namespace: this.#namespace,', ''),
  decisions(
    'no databases of addresses',
    'lookupOf(event, ruleset)',
    'lookupOf(event, { enrichment: { ...ruleset.enrichment, databases: { files: [], of: () => ({}) } } })',
  ),
  decisions('id of another object', '&& sharedRef(kept.objectRef)', '&& kept.objectRef'),
  event(
    'one body for the other',
    'this.#responseObject = this.#bodyOf(RESPONSE_OBJECT)',
    'this.#responseObject = this.#bodyOf(REQUEST_OBJECT)',
  ),
  ruledOut('what is missing', 'Object.keys(gaps).length > 0 || ', ''),
  ruledOut('lists of a patch', '!layout.isMap(bytes[start]!) || ', ''),
  ruledOut('what differs', 'left.get(differing)', 'left.values().next().value'),
  ruledOut('one body', '[base + REQUEST_OBJECT, base + RESPONSE_OBJECT]', '[base + RESPONSE_OBJECT]'),
  ruledOut(
    'bodies that are not searched',
    ' || !search.add(bytes, view, start, spans[offset + 1]!)) return steps;',
    ') return steps;\n      search.add(bytes, view, start, spans[offset + 1]!);',
  ),
  reductions('items that compare members', 'program.isOfOneField(item) ? byMembers : byWords', 'byMembers'),
  reductions('what is deferred', 'guarded.hasDeferred ? undefined : decision', 'decision'),
  reductions('other knowledge', 'JSON.stringify(items.map((item) => known(item) ?? null))', "''"),
  event('names looked for in the other body', "body === 'requestObject' ?", "body !== 'requestObject' ?"),
  event('user of the template', 'return this.#own.user;', 'return this.#template.user;'),
  layout('escapes left in texts', 'if (byte === BACKSLASH) return parseExactly', 'if (false) return parseExactly'),
  layout('names in MessagePack', 'holds(bufferOf(bytes, start, end), word),', 'false,'),
  layout(
    'long integers',
    'value: (bytes, start, end) => parseExactly(textOf(bytes, start, end)),',
    'value: (bytes, start, end) => JSON.parse(textOf(bytes, start, end)),',
  ),

  keys('a member that says where an event is from', "'eventId', 'id'", "'eventId', 'id', 'logGroup'"),
  keys('the tag of a record', 'keys.set(tagKey, REFUSED);', ''),
  walk(
    'the last of duplicate members',
    '  store<i32>(span, UNCLEAR, 4);\n  return slot === timestamp;',
    '  store<i32>(span, offset);\n  return true;',
  ),
  walk('the first of duplicate members', 'return slot === timestamp;', 'return true;'),
  walk('one of two times', 'if (load<i32>(span) !== UNCLEAR) store<i32>(span, offset);', 'store<i32>(span, offset);'),
  walk('too many extra members', 'if (extra === lastExtra) return false;', ''),
  walk('the head of a seam alone', 'if (length > 16 && !stands(next, length, position)) continue;', ''),
  walk(
    'the end of a seam',
    'return !v128.any_true(v128.xor(v128.load(own + last), v128.load(position + last)));',
    'return true;',
  ),
  walk(
    'the middle of a seam',
    'if (v128.any_true(v128.xor(v128.load(own + offset), v128.load(position + offset)))) return false;',
    '',
  ),
  walk(
    'a seam before a number before others',
    'if (load<u8>(next, KIND) === IS_NUMBER && !beginsNumber(position + length, end)) continue;',
    '',
  ),
  walk('control characters', 'if (byte !== 0x5c) return -1;', 'if (byte !== 0x5c) { position++; continue; }'),
  walk('any four letters for a code', 'if (!isHex(load<u8>(position + index))) return -1;', ''),
  walk(
    'zeros before a number',
    'first === 0x30 ? position + 1 : skipDigits(position, end)',
    'skipDigits(position, end)',
  ),
  walk(
    'a part of the text of an event',
    'if (load<u16>(position) === 0x5c7b) return',
    'if (load<u16>(position) === 0x5c7c) return',
  ),
  inFile('outline/walk/member-numbers.ts', collide)(
    'the end of a value',
    'v128.and(rest, v128.load(MASKS + 16 * (length - index)))',
    'v128.and(rest, v128.load(MASKS))',
  ),
  {
    name: 'outline/walk/member-numbers.ts: values of one length',
    changes: [['outline/walk/member-numbers.ts', 'isSame(load<i32>(value, 12), start, length)', 'true']],
    as: collide,
  },
  {
    name: 'outline/walk/member-numbers.ts: values of other members',
    changes: [['outline/walk/member-numbers.ts', 'load<i32>(value, 4) === kind &&', '']],
    as: collide,
  },
  walker('numbers that are given again', 'this.#begun = begun++;\n      number', 'number'),
  walker('bytes that were others', 'this.#source = undefined;', ''),
  ...profileLists.flatMap((list) =>
    list.split(', ').map((name) => inFile('outline/profiles.ts')(`${name} left out`, list, without(list, name))),
  ),
  inFile('outline/profiles.ts')('URI left out', '...answer, REQUEST_URI]', '...answer]'),
  screen('texts of which items ask for a part', 'if (!isSearched || holdsAny) return -1;', ''),
  screen('items that are decided on every text', 'if (decision) judged |= 1 << index;', ''),
  classes('members whose field is another text', '? one[1] : null', '? one[1] : one[1]'),
  common('members of each event', 'if (own.has(key)) throw notCommon;', ''),
  common('names of objects', 'if (ownOfRef.has(key)) throw notCommon;', ''),
  common('bodies', 'if (bodies[key]) throw notCommon;', ''),
  decisions('what others have in common', '      shared.common = undefined;\n', ''),
  decisions('another namespace', '      shared.namespace === namespace.id\n', '      true\n'),
  decisions('other bodies', '      shared.bodies === bodies &&\n', ''),
  decisions('other surroundings', '      shared.surroundings === surroundings &&\n', ''),
  decisions('another wrapper', '      shared.wrapper === wrapper &&\n', ''),
  seams('a seam at another place', 'this.#before[seam] === before && ', ''),
  inFile('outline/seams.ts', [['outline/byte-hash.ts', 'return hash ^ (hash >>> 13);', 'return 0;']])(
    'the length of a seam',
    'if (this.#view.getInt32(at + LENGTH, true) !== end - start) return false;',
    '',
  ),
  reader('members of any type', 'if (first !== kind && !isOfKind(first, kind)) return -1;', ''),
  reader(
    'unknown members of an objectRef',
    'found === REFUSED || (found === -1 && shape.others === UNEXPECTED)',
    'found === REFUSED',
  ),
  reader('escaped keys', 'if (found === -1 && hasEscape(bytes, keyStart, keyEnd)) return -1;', ''),
  reader('tags', 'found === REFUSED || (', '('),
  reader('containers in stamps', 'found === IGNORED && !isContainer(first)', 'found === IGNORED'),
  reader('containers for a time', 'slot === TIMESTAMP && !isContainer(first)', 'slot === TIMESTAMP'),
  reader('maps that are deeper', 'level.depth === this.#maxDepth || ', ''),
  reader('anything for a colon', 'if (bytes[at] !== COLON) return -1;', ''),
  reader('keys that are no texts', 'if (bytes[at] !== QUOTE) return -1;', ''),
  reader('anything for a comma', 'if (byte !== COMMA) return -1;', ''),
  json('deeper values', 'Math.min(maxDepth, MAX_LEVELS)', 'MAX_LEVELS + 1'),
  syntax('any escape', '    default:\n      return -1;', '    default:\n      return at + 1;'),
  syntax('any four letters for a code', 'if (!isHex(bytes[index]!)) return -1;', ''),
  syntax('control characters', 'if (byte < 0x20 || byte === BACKSLASH) break;', 'if (byte === BACKSLASH) break;'),
  syntax(
    'zeros before a number',
    'byteAt(bytes, at) === 0x30 ? at + 1 : skipDigits(bytes, at)',
    'skipDigits(bytes, at)',
  ),
  syntax(
    'a point without digits',
    'at++;\n    if (!isDigit(byteAt(bytes, at))) return -1;\n    at = skipDigits(bytes, at);\n  }\n  if',
    'at++;\n    at = skipDigits(bytes, at);\n  }\n  if',
  ),
  syntax('any word', 'if (byteAt(bytes, start + index) !== word[index]) return false;', ''),
  syntax('keys that are no strings', 'if (byteAt(bytes, at) !== QUOTE) return -1;', ''),
  syntax(
    'anything for a closing bracket',
    'if (next !== closer) return -1;',
    'if (next !== CLOSE_BRACE && next !== CLOSE_BRACKET) return -1;',
  ),
  syntax(
    'a comma before the end',
    'if (byteAt(bytes, at) <= 0x20) at = skipSpace(bytes, at);\n        break;',
    'if (byteAt(bytes, at) <= 0x20) at = skipSpace(bytes, at);\n        if (byteAt(bytes, at) === closer) continue;\n        break;',
  ),
  syntax(
    'the first quote of a word at another place',
    '(31 - Math.clz32(marks & -marks)) >> 3',
    '3 - (Math.clz32(marks) >> 3)',
  ),
  msgpack(
    'members of any type',
    '!isUsual || load<i32>(SPANS + 4 * slot) !== -1',
    'load<i32>(SPANS + 4 * slot) !== -1',
  ),
  msgpack('the last of duplicate members', '!isUsual || load<i32>(SPANS + 4 * slot) !== -1', '!isUsual'),
  msgpack(
    'duplicate objectRef',
    'if (load<i32>(SPANS + 4 * slot) !== -1) return NO_OUTLINE;\n      at = outlineRef',
    'at = outlineRef',
  ),
  msgpack(
    'duplicate members of an objectRef',
    'slot === UNKNOWN || load<i32>(SPANS + 4 * slot) !== -1 || kindAt(at) !== OF_STR',
    'slot === UNKNOWN || kindAt(at) !== OF_STR',
  ),
  msgpack(
    'objectRef of any type',
    ' || kindAt(at) !== OF_STR) return NO_OUTLINE;\n    at = next',
    ') return NO_OUTLINE;\n    at = next',
  ),
  msgpack('tags', 'slot === REFUSED || ', ''),
  msgpack('containers in stamps', 'slot !== IGNORED || kind === OF_MAP || kind === OF_ARRAY', 'slot !== IGNORED'),
  inFile('outline/walk/msgpack.ts', [
    ['outline/walk/msgpack.ts', 'return (mixed ^ (mixed >> 7)) & (KEY_COUNT - 1);', 'return length + 0 * mixed;'],
  ])('keys of one length', 'own === length && isSame(load<i32>(key, 8), start, length)', 'own === length'),
  msgpack('texts beyond the end', 'if (length > <u32>(left - header)) return false;', ''),
  inFile('outline/msgpack-text.ts')('members of what is no map', 'if (kinds[bytes[start]!] !== MAP) return NONE;', ''),
  outlines(
    'one text of several',
    'if (this.#received.length !== 1) return;',
    'if (this.#received.length === 0) return;',
  ),
  outlines('one text of several in MessagePack', 'if (hole !== undefined) return;', ''),
  outlines('text behind an event', ' || skipSpace(bytes, after) < end', ''),
  outlines('events beyond their text', ' || after > end', ''),
  find('escaped keys', 'if (bytes[index] === BACKSLASH) return UNCLEAR;', ''),
  find('duplicate keys', 'if (isKey && found !== NONE) return UNCLEAR;', ''),
  escapes('half of a surrogate pair', 'if (low < 0xdc00 || low >= 0xe000) return -1;', ''),
  escapes('control characters', 'target[to++] = plain;', 'target[to++] = letter;'),
  uri('encoded paths', 'if (byte === PERCENT || byte === BACKSLASH) return false;', ''),
  uri('objects of paths without a reference', 'if (!namesNoObject(start, pathEnd)) return false;', ''),
  uri('paths of other objects', '} else if (!isPathOfRef(start, pathEnd, shift)) {', '} else if (false) {'),
  uri('encoded keys of a query', 'if (byte === PERCENT) return false;', ''),
  uri(
    'dry runs',
    'if (at - keyStart === 6 && load<u32>(keyStart) === 0x52797264 && load<u16>(keyStart, 4) === 0x6e75) return false;',
    '',
  ),
  uri('dry runs after an escaped ampersand', 'at += 6;', 'at++;'),
  uri(
    'names of other namespaces',
    'if (name > 0 && !isSame(startOf(NAME) - shift, startOf(NAMESPACE) - shift, name)) return false;',
    '',
  ),
  uri(
    'subresources',
    'if (at === end + 1) return subresource === 0;\n  return',
    'if (at === end + 1) return true;\n  return',
  ),
];

export const mutants = all.filter(({ name }) => unseen[name] === undefined);
export const unseenMutants = all.filter(({ name }) => unseen[name] !== undefined);

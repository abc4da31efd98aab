/** Mistakes in evaluating the bytes of bodies, each of which items of randomly generated bodies have to detect. */
import { inFile, type Mutant } from './mutant.ts';

const items = inFile('decisions/body-items.ts');
const search = inFile('decisions/body-search.ts');
const notation = inFile('decisions/body-notation.ts');
const createdName = inFile('decisions/created-name.ts');

export const bodyMutants: readonly Mutant[] = [
  items('what holds for nothing may hold', 'if (otherwise !== item.negated) return', 'if (false) return'),
  items('other values passed over', 'if (written === undefined) return true;', 'if (written === undefined) continue;'),
  items(
    'one value of several',
    'decide(() => ({ values })) !== otherwise',
    'decide(() => ({ values: values.slice(0, 1) })) !== otherwise',
  ),
  items('values as they are written', 'const value = spelled(each);', 'const value = each;'),
  items('blocks that hold for empty lists', "if (quantifier === 'all_or_empty')", "if (quantifier === 'none')"),
  items('blocks of none', "otherwise: quantifier === 'none',", 'otherwise: false,'),
  items(
    'what must not hold in blocks',
    "case 'not':\n          return always;",
    "case 'not':\n          return () => false;",
  ),
  items('one of several in blocks', '.length >= part.count', '.length > part.count'),
  items(
    'items of blocks that hold for nothing',
    'return inner?.otherwise === false ? inner.mayDiffer : always;',
    'return inner?.mayDiffer ?? always;',
  ),
  items('what stands around the list of a block', "item.field.startsWith('^.') ? undefined", 'false ? undefined'),
  items('numbers among words', 'isWordy(needle) && ', ''),
  items('what Go escapes', '?.map(withoutMarkup)', ''),
  items('keys on the way passed over', 'ways.some((number) => bodies.hasWay(number))', 'false'),
  items('one key of several', 'numbers.some((number) => bodies.hasKey(number))', 'bodies.hasKey(numbers[0]!)'),
  search('what was not read', 'if (!isRead || values.length > MOST_VALUES)', 'if (values.length > MOST_VALUES)'),
  search(
    'too many values',
    'if (!isRead || values.length > MOST_VALUES) this.#hasOthers[number] = 1;',
    'if (!isRead) this.#hasOthers[number] = 1;\n    values.length = Math.min(values.length, 1);',
  ),
  search('the text before a list', 'from < this.#firstList', 'from + 400 < this.#firstList'),
  search('characters that are folded', 'this.#hasTexts && !isPlain(body)', 'false'),
  search('spellings', '!this.#notation.isAsSpelled(body) || ', ''),
  search('a step too long', 'this.step = shortest - SIZE + 1;', 'this.step = shortest - SIZE + 2;'),
  search('capitals of texts', "kind === 'text' ? 0x20 : 0", '0'),
  search('short texts', 'for (const rare of this.#short) this.#searchByByte(rare, bytes, start, end, body);', ''),
  search('short texts behind many places', 'if (at === -1) return;', 'return;'),
  search('one entry of a slot', 'else others.push({ pattern, at });', ''),
  search('one short text of a byte', 'else known.entries.push({ pattern, at });', ''),
  search('the first place of a rare byte', 'at = body.indexOf(byte, at + 1);', 'at = -1;'),
  search('ends of bodies', 'const last = end - SIZE;', 'const last = end - 2 * SIZE;'),
  notation('keys behind a dot', "key.length < LONG_KEY ? ['\"', '.'] : ['']", "key.length < LONG_KEY ? ['\"'] : ['']"),
  notation('keys behind a dot, if they are long', 'byte === QUOTE || byte === DOT', 'byte === QUOTE'),
  notation('parts of keys behind a dot', "['\"', '.'].flatMap((before)", "['\"'].flatMap((before)"),
  notation('escaped slashes', "if (body.includes('\\\\/')) return false;", ''),
  notation(
    'escapes of letters',
    'if (code < 0x80) return /^00(?:3c|3e|26)$/.test(digits);',
    'if (code < 0x80) return true;',
  ),
  notation('escapes that are folded', 'code !== 0x130 && code !== 0x17f && code !== 0x212a', 'true'),
  notation('one escape of several', "at = body.indexOf('\\\\u', at + 6);", 'at = -1;'),
  notation('lists of one', 'if (bytes[next] !== COMMA) return false;', 'return true;'),
  notation(
    'lists in lists',
    'if (next === -1) return false;\n      next = skipBlanks',
    'if (next === -1) return true;\n      next = skipBlanks',
  ),
  notation('blanks before a colon', 'let next = skipBlanks(bytes, at, end);', 'let next = at;'),
  notation('escapes in values', 'if (byte === BACKSLASH || byte >= 0x80) return -1;', 'if (byte >= 0x80) return -1;'),
  notation('long integers', 'if (next === at || next - at > MOST_DIGITS) return -1;', ''),
  notation(
    'keys of MessagePack with a length apart',
    '[Uint8Array.of(0xa0 | length), Uint8Array.of(length)]',
    '[Uint8Array.of(0xa0 | length)]',
  ),
  notation('keys of MessagePack behind a dot', "[...headersOf(key), Buffer.from('.')]", 'headersOf(key)'),
  notation('parts of keys of MessagePack', ', Buffer.from(`${part}.`)]', ']'),
  notation('lists of MessagePack', 'left > 0 && next !== -1; left--', 'left > 1 && next !== -1; left--'),
  notation('negative integers', 'else return -1;\n  return at + 1;', 'return at + 1;'),
];

/** The same in the name of a created object, read from its bodies. */
export const nameMutants: readonly Mutant[] = [
  createdName('request before response', 'for (const body of bodies)', 'for (const body of [...bodies].reverse())'),
  createdName(
    'names that are generated',
    "if (layout.find(bytes, view, metadata, GENERATE_NAME) !== NONE) return 'unusual';",
    '',
  ),
  createdName(
    'metadata that is no map',
    "if (metadata < 0 || !layout.isMap(bytes[metadata]!)) return 'unusual';",
    'if (metadata < 0 || !layout.isMap(bytes[metadata]!)) continue;',
  ),
  createdName('a second metadata', 'body.indexOf(METADATA_IN_JSON, at + 1) === -1', 'true'),
  createdName('metadata spelled with escapes', 'body.indexOf(ESCAPE) === -1 && ', ''),
  createdName('metadata of another map', 'if (at === key) return value;', 'if (at >= start) return key + 11;'),
  createdName('names that are no text', "?? 'unusual'", "?? 'none'"),
];

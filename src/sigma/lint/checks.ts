/** The checks that need to know nothing but Sigma, as one table. */
import type { Condition, Item, LevelCase, Test } from '../ast.ts';
import { fold, printPattern } from '../match/pattern.ts';
import { isNull, wordFix } from '../parse/rule-file.ts';
import { quote } from '../rule-problem.ts';
import type { Check, Report } from './check.ts';
import { findContradiction } from './contradiction.ts';
import { withId, withoutModifier, withoutOpenEnds, withoutPeriod, withoutValue } from './edits.ts';
import type { DetectionSource, ItemSource, SourceMap, ValueSource } from './source-map.ts';

const MAX_TITLE_LENGTH = 120;

export const checks: Readonly<Record<string, Check>> = {
  'same-element': {
    doc: 'Two lines about members of one list may each match a different member.',
    run({ maps, isList }, report) {
      for (const items of maps) {
        const lists = new Set<string>();
        for (const { field, offset, asked } of items) {
          const list = listOf(field, isList);
          if (list === undefined || asked === undefined) continue;
          if (lists.has(list)) {
            report(
              offset,
              `this line and the lines above can match different members of ${quote(list)}`,
              `to match one member: sigma-version: 3, ${list}[any]: and the lines below it`,
            );
          }
          lists.add(list);
        }
      }
    },
  },
  'filter-without-not': {
    doc: 'A selection that is called filter, but that the condition requires instead of excluding.',
    isOfWhole: true,
    run({ detections }, report) {
      for (const { detection, conditions } of detections) {
        const places = placesIn(conditions);
        for (const [name, { asked, denied }] of signsOf(detection.condition)) {
          if (!/^filter/i.test(name) || !asked || denied) continue;
          const place = places.get(name) ?? conditions[0]!.offsetOf(0);
          report(place, `the condition requires ${quote(name)}`, `write 'not ${name}', or call it something else`);
        }
      }
    },
  },
  'positive-filter': {
    doc: 'A filter document that excludes nothing by name: only findings that match it are kept.',
    isOfWhole: true,
    run({ parsed, detections }, report) {
      if (parsed.kind !== 'filter' || [...signsOf(parsed.document.condition).values()].some(({ denied }) => denied)) {
        return;
      }
      const message = 'findings are kept if this holds, and silenced otherwise';
      report(detections[0]!.conditions[0]!.offsetOf(0), message, "write 'not …' to silence what the selections name");
    },
  },
  'escaped-wildcard': {
    doc: 'A backslash that escapes the wildcard after it, in what looks like a path.',
    run: onValues(({ text, value, offset, test }, _item, report) => {
      if (typeof value !== 'string' || !isText(test)) return;
      // `\?` in a URL and `\*` in a command are meant as written.
      const found = /(?<=[\p{L}\p{N}%)}.:_-])\\\*/u.exec(text);
      if (found === null || !/\\[^*?\\]|^[A-Za-z]:/.test(text)) return;
      const message = "'\\*' is the character * without a backslash before it";
      report(offset, message, "write '\\\\*' for a backslash and any text");
    }),
  },
  'lost-backslash': {
    doc: 'A value that begins with two backslashes matches text that begins with one: a UNC path loses one.',
    run: onValues(({ text, value, offset, test }, { modifiers }, report) => {
      if (typeof value !== 'string' || !isText(test) || !/^\\\\[^\\*?]/.test(text)) return;
      if (modifiers.includes('contains') || modifiers.includes('endswith')) return;
      report(offset, `${quote(text)} begins with one backslash: two are an escaped one`, 'write four for a UNC path');
    }),
  },
  'all-of-one': {
    doc: 'The modifier all with a single value.',
    fixes: 'drops it',
    run: onItems(({ field, modifiers, values, offset }, report, { text }) => {
      if (modifiers.includes('all') && values.length === 1) {
        const fix = withoutModifier('all', { field, modifiers, offset }, text);
        report(offset, "'all' has no effect on a single value", 'drop it, or write more values', fix);
      }
    }),
  },
  'duplicate-value': {
    doc: 'The same value twice in a list.',
    fixes: 'drops the second, unless it has a comment',
    run: onItems(({ values, modifiers }, report, source) => {
      const seen = new Set<string>();
      const isExpanded = modifiers.includes('expand');
      for (const [index, value] of values.entries()) {
        const { text, offset, test } = value;
        const key = isExpanded ? text : keyOf(test);
        if (seen.has(key)) {
          const fix = withoutValue(value, values[index - 1]!, source.text);
          report(offset, `${quote(text)} is already in the list`, 'drop one of them', fix);
        }
        seen.add(key);
      }
    }),
  },
  'null-in-list': {
    doc: 'null among other values: a missing field matches, too.',
    run: onItems(({ values, offset }, report) => {
      if (values.length > 1 && values.some(({ test }) => test.kind === 'null')) {
        report(
          offset,
          'with null in the list an event without the field matches, too',
          'write a separate selection for null',
        );
      }
    }),
  },
  'pattern-of-one': {
    doc: 'A quantity of selections that stands for only one selection.',
    fixes: 'names the selection',
    isOfWhole: true,
    run(sourceMap, report) {
      for (const { detection, conditions } of sourceMap.detections) {
        for (const { text, offsetOf } of conditions) {
          for (const { 0: whole, 1: pattern = '', index } of text.matchAll(/(?<![\w*-])[\w*-]+\s+of\s+([\w*-]+)/g)) {
            const isOne = pattern === 'them' ? detection.selections.size === 1 : !pattern.includes('*');
            const [name = pattern] = pattern === 'them' ? [...detection.selections.keys()] : [];
            if (!isOne) continue;
            const at = offsetOf(index);
            report(at, `${quote(whole)} is one selection`, `write ${name}`, wordFix(sourceMap, at, whole, name));
          }
        }
      }
    },
  },
  'unused-selection': {
    doc: 'A selection that neither the condition nor a level uses.',
    isOfWhole: true,
    run({ detections, parsed }, report) {
      for (const [index, { detection, offsets }] of detections.entries()) {
        const levels = index === 0 && parsed.kind === 'rule' ? parsed.document.levels : [];
        const used = new Set([detection, ...levels].flatMap(({ condition }) => [...signsOf(condition).keys()]));
        for (const [name, offset] of offsets) {
          if (used.has(name)) continue;
          report(offset, `the condition does not use the selection ${quote(name)}`, 'name it there, or drop it');
        }
      }
    },
  },
  'never-true': {
    doc: 'Lines that no event can match together.',
    isOfWhole: true,
    run({ detections: [outermost], maps, isList }, report) {
      if (outermost === undefined) return;
      // Lists are filled by others, and may be empty for now.
      const expanded = new Set(
        maps.flat().flatMap(({ modifiers, item }) => (modifiers.includes('expand') ? item : [])),
      );
      for (const items of togetherIn(outermost)) {
        findContradiction(
          items.filter((item) => !expanded.has(item)),
          isList,
          report,
        );
      }
      const { condition } = outermost.detection;
      const all = new Set(conjunctsOf(condition).map((conjunct) => JSON.stringify(conjunct)));
      const twice = conjunctsOf(condition).find(
        (conjunct) => conjunct.kind === 'not' && all.has(JSON.stringify(conjunct.operand)),
      );
      if (twice === undefined) return;
      report(outermost.conditions[0]!.offsetOf(0), 'the condition requires the same to be true and false', 'fix it');
    },
  },
  'plain-regex': {
    doc: 'A regular expression that is only text.',
    run: onRegexes((source, { offset, test }, { modifiers }, report) => {
      if (modifiers.includes('expand')) return; // The pattern is in the list.
      const [, start, text = '', end] = /^(\^?)((?:[\w\s/:@,;=%&#!"'~<>-]|\\[^\w\s])+)(\$?)$/.exec(source) ?? [];
      const flags = test.kind === 'regex' ? test.flags : [];
      if (text === '' || flags.includes('m')) return;
      const place = start && end ? [] : start ? ['startswith'] : end ? ['endswith'] : ['contains'];
      const instead = [...place, ...(flags.includes('i') ? [] : ['cased'])];
      const how = instead.length === 0 ? 'drop the modifiers' : `use ${instead.join('|')}`;
      report(offset, `${quote(source)} is a regular expression of plain text`, `${how}, and write the text as it is`);
    }),
  },
  'open-dot': {
    doc: 'A dot in what looks like a host name, which matches any character in a regular expression.',
    run: onRegexes((source, { offset }, _item, report) => {
      const found = hostDot.exec(source);
      if (found === null) return;
      report(offset, `the dot in ${quote(found[0])} matches any character`, `write ${found[0].replace('.', '\\.')}`);
    }),
  },
  'open-ended-regex': {
    doc: 'A regular expression that begins or ends with `.*`: it is searched for anywhere without that.',
    fixes: 'drops it, except `^.*` and `.*$`',
    run: onRegexes((source, { offset }, { modifiers }, report, { text }) => {
      if (!/^\^?\.\*(?!\?)|(?<!\\)\.\*\$?$/.test(source)) return;
      const message = "'.*' at either end has no effect: the expression is searched for anywhere";
      report(offset, message, 'drop it', withoutOpenEnds(source, { offset, modifiers }, text));
    }),
  },
  'unreachable-level': {
    doc: 'A level that no finding can have, because a level above it always applies first or the condition excludes it.',
    isOfWhole: true,
    run({ parsed }, report) {
      if (parsed.kind !== 'rule') return;
      const { condition, levels } = parsed.document;
      findUnreachable(conjunctsOf(condition), levels, report);
    },
  },
  'no-id': ownOf('id', 'other rules, overrides and exceptions refer to it by its id', 'add id: and a UUID of its own'),
  'no-status': ownOf('status', 'nobody can see how far it can be trusted', 'add status: experimental, test or stable'),
  'no-level': ownOf('level', 'its findings are medium', 'add level: and the severity of a match'),
  'no-falsepositives': ownOf(
    'falsepositives',
    'whoever handles a finding cannot see what is benign',
    'add falsepositives: and what may match although it is benign',
  ),
  title: {
    doc: `A title that ends with a period, or is longer than ${MAX_TITLE_LENGTH} characters.`,
    fixes: 'drops the period',
    run({ parsed, members, offset, text }, report) {
      const { title } = parsed.document;
      const at = members.get('title')?.keyNode.range?.[0] ?? offset;
      if (title.length > MAX_TITLE_LENGTH) {
        report(at, `the title is longer than ${MAX_TITLE_LENGTH} characters`, 'move the rest to the description');
      }
      if (/[^.]\.$/.test(title)) {
        const fix = withoutPeriod(title, members.get('title')?.value, text);
        report(at, 'the title ends with a period', 'drop it: a title is a name', fix);
      }
    },
  },
};

/** A key that each rule should have. */
function ownOf(key: string, consequence: string, hint: string): Check {
  return {
    doc: `A rule without \`${key}\`: ${consequence}.`,
    ...(key === 'id' && { fixes: 'adds one, but not to a template' }),
    run({ head, members, offset, text }, report) {
      if (head === undefined || (members.has(key) && !isNull(members.get(key)!.value))) return;
      const fix = key === 'id' ? withId(members, text) : undefined;
      report(offset, `the rule has no ${quote(key)}: ${consequence}`, hint, fix);
    },
  };
}

function onItems(look: (item: ItemSource, report: Report, source: SourceMap) => void): Check['run'] {
  return (source, report) => {
    for (const item of source.maps.flat()) look(item, report, source);
  };
}

function onValues(
  look: (value: ValueSource, item: ItemSource, report: Report, source: SourceMap) => void,
): Check['run'] {
  return onItems((item, report, source) => {
    for (const value of item.values) look(value, item, report, source);
  });
}

/** Expressions as the file spells them. */
function onRegexes(
  look: (pattern: string, value: ValueSource, item: ItemSource, report: Report, source: SourceMap) => void,
): Check['run'] {
  return onValues((value, item, report, source) => {
    if (item.modifiers.includes('re')) look(value.text, value, item, report, source);
  });
}

const hostDot =
  /(?<![\\\w-])[\w-]{2,}\.(?:com|org|net|io|dev|gov|edu|info|ru|cn|de|me|co|app|cloud|svc|local|internal)(?![\w(*+?{[-])/;

/** The same for tests that the same values pass. */
function keyOf(test: Test): string {
  return test.kind === 'text' && !test.cased ? `text ${fold(printPattern(test.pattern))}` : JSON.stringify(test);
}

function isText(test: Test): boolean {
  return test.kind === 'text' || (test.kind === 'either' && test.tests.every(isText));
}

/** The list that a field leads through first, any member of it; undefined if there is none. */
function listOf(field: string, isList: SourceMap['isList']): string | undefined {
  const bracket = field.indexOf('[');
  for (
    let end = field.indexOf('.');
    end !== -1 && (bracket === -1 || end < bracket);
    end = field.indexOf('.', end + 1)
  ) {
    if (isList(field.slice(0, end))) return field.slice(0, end);
  }
  return field.startsWith('[any]', bracket) ? field.slice(0, bracket) : undefined;
}

/** How a condition names its selections: to be true, to be false, or both. */
function signsOf(condition: Condition): ReadonlyMap<string, { asked: boolean; denied: boolean }> {
  const signs = new Map<string, { asked: boolean; denied: boolean }>();
  const look = (node: Condition, isAsked: boolean): void => {
    switch (node.kind) {
      case 'selection': {
        const { asked, denied } = signs.get(node.name) ?? { asked: false, denied: false };
        signs.set(node.name, { asked: asked || isAsked, denied: denied || !isAsked });
        return;
      }
      case 'not':
        look(node.operand, !isAsked);
        return;
      case 'and':
      case 'or':
      case 'atLeast':
        for (const operand of node.operands) look(operand, isAsked);
    }
  };
  look(condition, true);
  return signs;
}

/** Everything that has to be true for the condition to be true. */
function conjunctsOf(condition: Condition): Condition[] {
  return condition.kind === 'and' ? condition.operands.flatMap(conjunctsOf) : [condition];
}

/** Where the conditions first name each selection; patterns do not count. */
function placesIn(conditions: DetectionSource['conditions']): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const { text, offsetOf } of conditions) {
    for (const { 0: word, index } of text.matchAll(/[\w*-]+/g)) {
      if (/^filter/i.test(word) && !places.has(word)) places.set(word, offsetOf(index));
    }
  }
  return places;
}

/** Items that an event has to fulfil at once: those of each map, and those of all maps that the condition requires. */
function togetherIn({ detection: { selections, condition } }: DetectionSource): Item[][] {
  const needed = new Set(
    conjunctsOf(condition).flatMap((conjunct) => (conjunct.kind === 'selection' ? [conjunct.name] : [])),
  );
  const joined: Item[] = [];
  const single: Item[][] = [];
  for (const { name, alternatives } of selections.values()) {
    if (needed.has(name) && alternatives.length === 1) joined.push(...alternatives[0]!);
    else single.push(...alternatives);
  }
  return [joined, ...single];
}

function findUnreachable(facts: readonly Condition[], levels: readonly LevelCase[], report: Report): void {
  const known = new Set(facts.map((fact) => JSON.stringify(fact)));
  const isTrue = (condition: Condition) => conjunctsOf(condition).every((each) => known.has(JSON.stringify(each)));
  const isFalse = (condition: Condition) =>
    conjunctsOf(condition).some((each) =>
      known.has(JSON.stringify(each.kind === 'not' ? each.operand : { kind: 'not', operand: each })),
    );
  const seen = new Set<string>();
  let always: LevelCase | undefined;
  for (const level of levels) {
    const key = JSON.stringify(level.condition);
    if (always !== undefined || seen.has(key)) {
      const why = always === undefined ? 'a level above has the same condition' : 'a level above always holds';
      report(level.position, `no finding has this level: ${why}`, 'drop it, or move it up');
    } else if (isFalse(level.condition)) {
      report(level.position, "no finding has this level: the rule's condition excludes it", 'drop it, or fix it');
    }
    seen.add(key);
    if (isTrue(level.condition)) always ??= level;
  }
}

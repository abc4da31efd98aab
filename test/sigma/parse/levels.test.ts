/** Levels by condition, and the other keys below `tripline`. */
import { describe, expect, it } from 'vitest';
import { compileRule, levelOf, parseRule } from '../../../src/sigma/index.ts';
import { lookupOf } from '../lookup.ts';

const ruleWith = (tripline: string) =>
  `title: T\nlevel: low\nlogsource: {service: audit}\ndetection: {a: {f: 1}, b: {g: 1}, c: {h: 1}, condition: 1 of them}\ntripline: ${tripline}\n`;

describe('the level of a finding', () => {
  const { rule } = parseRule(
    ruleWith('{levels: [{condition: a and b, level: critical}, {condition: "a or not c", level: high}]}'),
    'r.yml',
  );
  const compiled = compileRule(rule!);

  it.each([
    ['of the first case that holds', { f: 1, g: 1 }, {}, 'critical'],
    ['of a later one where the first does not', { f: 1 }, {}, 'high'],
    ["is the rule's own where none holds", { g: 1, h: 1 }, {}, 'low'],
    ['of a later case where the first is unknown', { f: 1 }, { g: 'cut' }, 'high'],
    ["is the rule's own where all are unknown or false", {}, { f: 'cut', h: 'cut' }, 'low'],
  ])('%s', (_, event, gaps, level) => {
    expect(levelOf(compiled, lookupOf(event, gaps))).toBe(level);
  });
});

it('modes and covered detections are read', () => {
  const { rule, problems } = parseRule(ruleWith('{mode: shadow, covers: {falco: A, panther: [B, C]}}'), 'r.yml');
  expect(problems).toEqual([]);
  expect(rule).toMatchObject({ mode: 'shadow', covers: { falco: ['A'], panther: ['B', 'C'] }, levels: [] });
});

describe('refused', () => {
  const cases = (count: number) => `{levels: [${Array(count).fill('{condition: a, level: low}').join(', ')}]}`;
  it.each([
    ['{levels: {condition: a, level: low}}', "'levels' has to be a list", '- condition:'],
    ['{levels: []}', "'levels' has to be a list", '- condition:'],
    ['{levels: [low]}', 'a level has to be a map', 'condition: … and level: …'],
    ['{levels: [~]}', 'a level has to be a map', 'condition: … and level: …'],
    ['{levels: [{condition: a}]}', "the level has no 'level'", 'add level:'],
    ['{levels: [{level: low}]}', "the level has no 'condition'", 'add condition:'],
    ['{levels: [{condition: a, level: hihg}]}', "'hihg' is not a valid level", "did you mean 'high'?"],
    ['{levels: [{condition: d, level: high}]}', "there is no selection 'd'", 'did you mean'],
    ['{levels: [{condition: [a, {}], level: high}]}', "'condition' has to be text", 'name the selections'],
    ['{levels: [{condition: a, level: low, then: x}]}', "unknown key 'then' in levels", 'use condition and level'],
    [cases(21), 'there are more than 20 levels', 'with or'],
    ['{mode: shadwo}', "'shadwo' is not a valid mode", "did you mean 'shadow'?"],
    ['{covers: [falco]}', "'covers' has to be a map", 'key: value'],
    ['{covers: {falcon: x}}', "there is no pack 'falcon'", "did you mean 'falco'?"],
    ['{covers: {falco: {}}}', "'falco' has to be names of detections", 'names of detections'],
    ['{learning: 7d}', "unknown key 'learning' below tripline", 'use summary'],
  ])('%s', (tripline, message, hint) => {
    const { rule, problems } = parseRule(ruleWith(tripline), 'r.yml');
    expect(rule).toBeUndefined();
    expect(problems[0]).toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });

  it('too many conditions', () => {
    const many = Array.from({ length: 101 }, () => 'a').join(', ');
    const { problems } = parseRule(ruleWith(`{levels: [{condition: [${many}], level: low}]}`), 'r.yml');
    expect(problems[0]!.message).toBe('there are more than 100 conditions');
  });
});

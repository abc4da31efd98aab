import { describe, expect, it } from 'vitest';
import { parseList } from '../../../src/sigma/index.ts';

const text = "title: Jump hosts\ndescription: Ours.\nvalues:\n  - 10.0.0.0/8\n  - 007\n  - true\n  - 'a*'\n";

it('a list is named after its file, and its values are text as they are spelled', () => {
  expect(parseList(text, 'dir/jump_hosts.yml')).toEqual({
    problems: [],
    list: {
      path: 'dir/jump_hosts.yml',
      name: 'jump_hosts',
      title: 'Jump hosts',
      description: 'Ours.',
      values: ['10.0.0.0/8', '007', 'true', 'a*'],
    },
  });
});

it('a list may be empty', () => {
  expect(parseList('title: T\nvalues: []', 'none.yaml').list?.values).toEqual([]);
});

describe('refused', () => {
  it.each([
    ['a name that cannot stand in %name%', text, 'jump-hosts.yml', "1:1 a list cannot be called 'jump-hosts'"],
    ['no values', 'title: T', 'l.yml', "1:1 the list has no 'values'"],
    ['no title', 'values: [a]', 'l.yml', "1:1 the list has no 'title'"],
    ['one value, not in a list', 'title: T\nvalues: a', 'l.yml', "2:9 'values' has to be a list"],
    ['nothing for values', 'title: T\nvalues:', 'l.yml', "2:1 'values' has to be a list"],
    ['null', 'title: T\nvalues: [a, ~]', 'l.yml', '2:13 a value has to be text, a number, true or false'],
    ['a map', 'title: T\nvalues: [{a: b}]', 'l.yml', '2:10 a value has to be text, a number, true or false'],
    ['a slip of the pen', 'title: T\nvalue: [a]\nvalues: []', 'l.yml', "2:1 unknown key 'value'"],
    ['two lists', 'title: T\nvalues: []\n---\ntitle: U\nvalues: []', 'l.yml', '4:1 a file holds one list'],
    ['no map', '- a', 'l.yml', '1:1 the file does not hold a list'],
    ['an empty file', '', 'l.yml', '1:1 the file does not hold a list'],
    ['aliases', 'title: T\nvalues: [a, *a]', 'l.yml', '2:13 YAML anchors and aliases are not supported'],
    ['no UTF-8', 'title: \uFFFD\nvalues: []', 'l.yml', '1:8 this is not text in UTF-8'],
    [
      'more values than a rule can have',
      `title: T\nvalues:\n${'- a\n'.repeat(10_001)}`,
      'l.yml',
      '3:1 the list has more than 10000 values',
    ],
  ])('%s', (_, given, path, problem) => {
    const { list, problems } = parseList(given, path);
    expect(list).toBeUndefined();
    expect(problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toContain(problem);
  });
});

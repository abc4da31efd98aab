/** Configurations with which Fluent Bit does not start, and others with which it does, contrary to appearances. */

export interface Config {
  /** The main file first. */
  files: Record<string, string>;
  /** Where it is refused, if it is: `file:line:column`. */
  at?: string;
}

const yaml = (text: string, more: Record<string, string> = {}) => ({ 'main.yaml': text, ...more });
const conf = (text: string, more: Record<string, string> = {}) => ({ 'main.conf': text, ...more });
const dummy = '[INPUT]\n    Name dummy\n[OUTPUT]\n    Name null\n    Match *\n';
const pipeline = 'pipeline:\n  inputs: [{name: dummy}]\n  outputs: [{name: "null", match: "*"}]\n';

export const refused: Record<string, Config> = {
  'a tab between key and value': { files: conf('[INPUT]\n    Name\tdummy\n'), at: 'main.conf:2:5' },
  'a key without a value': { files: conf('[INPUT]\n    Name\n'), at: 'main.conf:2:5' },
  'a key with an empty value': { files: conf('[INPUT]\n    Name \n'), at: 'main.conf:2:5' },
  'less indentation': { files: conf('[INPUT]\n    Name dummy\n  Tag x\n'), at: 'main.conf:3:1' },
  'more indentation': { files: conf('[INPUT]\n    Name dummy\n      Tag x\n'), at: 'main.conf:3:1' },
  'tabs after spaces': { files: conf('[INPUT]\n    Name dummy\n\tTag x\n'), at: 'main.conf:3:1' },
  'a line of fewer spaces': { files: conf('[INPUT]\n    Name dummy\n  \n    Tag x\n'), at: 'main.conf:3:1' },
  'a section that does not end': { files: conf('[INPUT\n    Name dummy\n'), at: 'main.conf:1:1' },
  'a key in no section': { files: conf('    Name dummy\n'), at: 'main.conf:1:5' },
  'a parser in the main file': { files: conf(`${dummy}[PARSER]\n    Name x\n    Format json\n`), at: 'main.conf:6:1' },
  'an include that is not there': { files: conf(`@INCLUDE none.conf\n${dummy}`), at: 'main.conf:1:10' },
  'a pattern that matches nothing': { files: conf(`@INCLUDE none*.conf\n${dummy}`), at: 'main.conf:1:10' },
  'an include of itself': { files: conf(`@INCLUDE main.conf\n${dummy}`), at: 'main.conf:1:10' },
  'an include of each other': {
    files: conf(`@INCLUDE b.conf\n${dummy}`, { 'b.conf': '@INCLUDE main.conf\n' }),
    at: 'b.conf:1:10',
  },
  'a file that is included twice': {
    files: conf(`@INCLUDE b.conf\n@INCLUDE b.conf\n${dummy}`, { 'b.conf': '# nothing\n' }),
    at: 'main.conf:2:10',
  },
  'a parsers file that is not there': {
    files: conf(`[SERVICE]\n    Parsers_File none.conf\n${dummy}`),
    at: 'main.conf:2:5',
  },

  'YAML that does not end': { files: yaml('pipeline: {inputs: [\n'), at: 'main.yaml:2:1' },
  'an alias': { files: yaml(`service: {flush: &f 1, grace: *f}\n${pipeline}`), at: 'main.yaml:1:31' },
  'inputs as a map': {
    files: yaml('pipeline:\n  inputs: {name: dummy}\n  outputs: [{name: "null"}]\n'),
    at: 'main.yaml:2:11',
  },
  'inputs of nothing': { files: yaml('pipeline:\n  inputs:\n  outputs: [{name: "null"}]\n'), at: 'main.yaml:2:10' },
  'an unknown part of a pipeline': { files: yaml('pipeline:\n  input: [{name: dummy}]\n'), at: 'main.yaml:2:3' },
  'a map in the place of a value': {
    files: yaml('pipeline:\n  inputs: [{name: dummy, tag: {a: b}}]\n  outputs: [{name: "null"}]\n'),
    at: 'main.yaml:2:31',
  },
  'two service sections': { files: yaml(`service: {flush: 1}\nservice: {grace: 1}\n${pipeline}`), at: 'main.yaml:2:1' },
  'two service sections in two files': {
    files: yaml(`includes: [b.yaml]\nservice: {grace: 1}\n${pipeline}`, { 'b.yaml': 'service: {flush: 1}\n' }),
    at: 'main.yaml:2:1',
  },
  'a list in the service section': { files: yaml(`service: {flush: [1]}\n${pipeline}`), at: 'main.yaml:1:18' },
  'processors for what there is not': {
    files: yaml('pipeline:\n  inputs: [{name: dummy, processors: {log: []}}]\n  outputs: [{name: "null"}]\n'),
    at: 'main.yaml:2:39',
  },
  'a YAML include that is not there': { files: yaml(`includes: [none.yaml]\n${pipeline}`), at: 'main.yaml:1:12' },
  'a YAML include of itself': { files: yaml(`includes:\n  - main.yaml\n${pipeline}`), at: 'main.yaml:2:5' },
  'a list at the top': { files: yaml('- name: dummy\n'), at: 'main.yaml:1:1' },
  'nothing at the top': { files: yaml('42\n'), at: 'main.yaml:1:1' },
};

export const accepted: Record<string, Config> = {
  'beginnings of names of sections': {
    files: conf('[IN]\n    Name dummy\n[O]\n    Name null\n    Match *\n[SERV]\n    Flush 1\n'),
  },
  'keys in any case, values with spaces': {
    files: conf('[input]\n    NAME dummy\n    tAg   a b  \n[output]\n    name null\n    match *\n'),
  },
  'tabs alone': { files: conf('[INPUT]\n\tName dummy\n\n\t# a comment\n\tTag x\n[OUTPUT]\n\tName null\n\tMatch *\n') },
  'carriage returns': { files: conf(dummy.replaceAll('\n', '\r\n')) },
  'no line end at the end': { files: conf(dummy.trimEnd()) },
  'a section of another name': { files: conf(`${dummy}[OTHER]\n    a b\n`) },
  'an unknown key of the service section': { files: conf(`[SERVICE]\n    Nonsense 1\n${dummy}`) },
  'includes from the folder of the first file': {
    files: conf('@INCLUDE sub/a.conf\n[OUTPUT]\n    Name null\n    Match *\n', {
      'sub/a.conf': '@INCLUDE sub/b.conf\n',
      'sub/b.conf': '[INPUT]\n  Name dummy\n',
    }),
  },
  'includes by a pattern': {
    files: conf(`@include sub/*.conf\n${dummy}`, {
      'sub/a.conf': '[INPUT]\n    Name dummy\n',
      'sub/b.conf': '# nothing\n',
    }),
  },
  variables: {
    files: conf(
      '@SET plugin=dummy\n[INPUT]\n    Name ${plugin}\n    Tag ${NOT_SET:-x}\n[OUTPUT]\n    Name null\n    Match *\n',
    ),
  },

  'flow style': { files: yaml(pipeline) },
  'keys in camelCase': {
    files: yaml(
      'pipeline:\n  inputs: [{name: tail, path: /tmp/none, readFromHead: on}]\n  outputs: [{name: "null", retryLimit: 3}]\n',
    ),
  },
  'the same key twice': {
    files: yaml('pipeline:\n  inputs: [{name: dummy, tag: a, tag: b}]\n  outputs: [{name: "null"}]\n'),
  },
  'a list of values': {
    files: yaml(
      'pipeline:\n  inputs: [{name: dummy}]\n  filters: [{name: modify, match: "*", add: [a b, c d]}]\n  outputs: [{name: "null"}]\n',
    ),
  },
  'env as a map and as a list': { files: yaml(`env: {a: dummy}\n${pipeline.replace('name: dummy', 'name: "${a}"')}`) },
  'env as a list': {
    files: yaml(`env: [{name: a, value: dummy}]\n${pipeline.replace('name: dummy', 'name: "${a}"')}`),
  },
  'includes from the folder of each file': {
    files: yaml('includes: [sub/a.yaml]\n', {
      'sub/a.yaml': `includes: [b.yaml]\n${pipeline}`,
      'sub/b.yaml': 'service: {flush: 1}\n',
    }),
  },
  'a YAML pattern that matches nothing': { files: yaml(`includes:\n  - none*.yaml\n${pipeline}`) },
  'two pipelines': { files: yaml(`${pipeline}---\n${pipeline}`) },
  processors: {
    files: yaml(
      'pipeline:\n  inputs: [{name: dummy, processors: {logs: [{name: content_modifier, action: insert, key: a, value: b}]}}]\n  outputs: [{name: "null"}]\n',
    ),
  },
  'an unknown section': { files: yaml(`servce: {flush: 1}\n${pipeline}`) },
  'a multiline parser': {
    files: yaml(
      `multiline_parsers: [{name: m, type: regex, flush_timeout: 100, rules: [{state: start_state, regex: "/a/", next_state: cont}, {state: cont, regex: "/b/", next_state: cont}]}]\n${pipeline}`,
    ),
  },
};

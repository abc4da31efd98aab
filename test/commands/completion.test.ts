/** `tripline completion`: the scripts work in their shells. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { loadCommands } from '../../src/commands/all.ts';
import { run } from './run.ts';

const commands = await loadCommands();
/** Those of one word. */
const names = commands.map(({ name }) => name).filter((name) => !name.includes(' '));

async function completed(shell: string, ask: string): Promise<string[]> {
  const { stdout: script } = await run(['completion', shell]);
  const { stdout, stderr } = spawnSync(shell, ['-c', `${script}\n${ask}`], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

const isThere = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

const lines: [line: string, expected: string[]][] = [
  ['tripline sc', ['scan']],
  ['tripline scan --outp', ['--output']],
  ['tripline scan --show ', ['findings', 'records', 'summary']],
  ['tripline scan --output ', ['csv', 'json', 'ndjson', 'table', 'tsv']],
  ['tripline lint -o ', ['csv', 'json', 'junit', 'ndjson', 'table', 'tsv']],
  ['tripline --liste', ['--listen']],
  ['tripline lint --hel', ['--help']],
  ['tripline lint --listen', []],
  ['tripline rules backtest --up', ['--update']],
  ['tripline rules tune --find', ['--finding']],
  ['tripline rules --find', []],
  ['tripline rules --confi', ['--config']],
];

describe('bash', () => {
  const ask = (line: string) =>
    `COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _tripline; printf '%s\\n' "\${COMPREPLY[@]}"`;

  const words = [
    ['tripline ', [...names].sort()],
    ['tripline rules ', ['backtest', 'tune']],
  ] as const;

  test.each([...lines, ...words])('%s', async (line, expected) => {
    expect((await completed('bash', ask(line))).sort()).toEqual(expected);
  });
});

describe.skipIf(!isThere('fish'))('fish, where it is installed', () => {
  test.each(lines)('%s', async (line, expected) => {
    const found = await completed('fish', `complete -C '${line}'`);
    expect(found.map((one) => one.split('\t')[0]!).sort()).toEqual(expected);
  });
});

test.skipIf(!isThere('zsh'))('zsh parses its script, where it is installed', async () => {
  const { stdout: script } = await run(['completion', 'zsh']);
  expect(spawnSync('zsh', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  for (const name of names) expect(script).toContain(`'${name}:`);
});

test('an unknown shell is refused with a suggestion', async () => {
  const { status, stderr } = await run(['completion', 'fsh']);
  expect(status).toBe(2);
  expect(stderr).toBe("tripline: there is no completion for 'fsh'; did you mean 'zsh'?\n");
});

/** Scripts that complete command lines in a shell, printed from the declarations of the commands. */
import { type Declaration, type Option, shortOf } from './declaration.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A script for a shell to read.
 * @param commands the first of which is the default command */
export function completionFor(shell: Shell, commands: readonly Declaration[]): string {
  return { bash, zsh, fish }[shell](commands, commands[0]!);
}

/** Names of one word; and names of two words, as second words by the first. */
function wordsOf(commands: readonly Declaration[]): { names: string; below: ReadonlyMap<string, readonly string[]> } {
  const words = commands.map(({ name }) => name.split(' '));
  const pairs = words.filter(({ length }) => length > 1);
  const below = Map.groupBy(pairs, ([first]) => first!);
  return {
    names: words.flatMap(([first, ...rest]) => (rest.length === 0 ? [first!] : [])).join(' '),
    below: new Map([...below].map(([first, all]) => [first, all.map(([, second]) => second!)])),
  };
}

function bash(commands: readonly Declaration[], byDefault: Declaration): string {
  const { names, below } = wordsOf(commands);
  const nested = [...below].map(([first, seconds]) => ({
    named: `  ${seconds.map((second) => `'${first} ${second}'`).join(' | ')}) ((COMP_CWORD > 2)) && command="$command \${COMP_WORDS[2]}" ;;`,
    words: `  elif ((COMP_CWORD == 2)) && [[ $command == ${first} ]]; then\n    words='${seconds.join(' ')}'`,
  }));
  const values = commands.flatMap(({ name, options }) =>
    withChoices(options).map(([spelt, choices]) => {
      const cases = spelt.map((option) => `'${name} ${option}'`).join(' | ');
      return `    ${cases}) words='${choices.join(' ')}' ;;`;
    }),
  );
  const options = commands.map(({ name, options }) => `    '${name}') words='${optionsOf(options)}' ;;`);
  return `# source <(tripline completion bash)
_tripline() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[1]} words=
  case " ${names} " in
  *" $command "*) ((COMP_CWORD > 1)) || command=${byDefault.name} ;;
  *) command=${byDefault.name} ;;
  esac
  case "$command \${COMP_WORDS[2]}" in
${nested.map(({ named }) => named).join('\n')}
  esac
  case "$command $previous" in
${values.join('\n')}
  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  if [[ $current == -* ]]; then
    case $command in
${options.map((line) => `  ${line}`).join('\n')}
    esac
  elif ((COMP_CWORD == 1)); then
    words='${names}'
${nested.map(({ words }) => words).join('\n')}
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
# Where nothing fits, names of files do.
complete -o default -F _tripline tripline
`;
}

function zsh(commands: readonly Declaration[], byDefault: Declaration): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const described = (text: string) => text.replaceAll(/[[\]:\\]/g, '\\$&');
  const entryOf = ({ name, summary }: Declaration) => {
    return `    ${quote(`${name.split(' ').at(-1)}:${described(summary)}`)}`;
  };
  const list = commands.filter(({ name }) => !name.includes(' ')).map(entryOf);
  const nested = [...wordsOf(commands).below].map(([first, seconds]) => {
    const ofFirst = commands.filter(({ name }) => name.startsWith(`${first} `)).map(entryOf);
    return `  if [[ $command == ${first} ]]; then
    if ((CURRENT == 3)) && [[ \${words[3]} != -* ]]; then
      commands=(
${ofFirst.join('\n')}
      )
      _describe -t commands command commands
      return
    fi
    case \${words[3]} in
    ${seconds.join(' | ')})
      shift words
      ((CURRENT--))
      command="${first} \${words[2]}"
      ;;
    esac
  fi`;
  });
  const argument = ([name, option]: [string, Option]) => {
    const many = option.kind === 'values' ? '*' : '';
    const from = choicesOf(option) ? `(${choicesOf(option)!.join(' ')})` : '_files';
    const value = option.kind === 'flag' ? '' : `:${option.placeholder}:${from}`;
    return speltOf(name, option)
      .map((spelt) => quote(`${many}${spelt}[${described(gistOf(option))}]${value}`))
      .join(' ');
  };
  const cases = commands.map(({ name, options }) => {
    const all = [...Object.entries(options).map(argument), quote('--help[this text]'), quote('*:file:_files')];
    return `    ${quote(name)}) _arguments ${all.join(' ')} ;;`;
  });
  return `#compdef tripline
# tripline completion zsh > "\${fpath[1]}/_tripline", or: source <(tripline completion zsh)
_tripline() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  local command=\${words[2]}
  if ((CURRENT == 2)) && [[ $command != -* ]]; then
    _describe -t commands command commands
    return
  fi
  local known=\${(M)commands:#$command:*}
${nested.join('\n')}
  if [[ -n $command && -n $known ]]; then
    shift words
    ((CURRENT--))
  else
    command=${byDefault.name}
  fi
  case $command in
${cases.join('\n')}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _tripline "$@"
else
  compdef _tripline tripline
fi
`;
}

function fish(commands: readonly Declaration[], byDefault: Declaration): string {
  const quote = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
  const { names, below } = wordsOf(commands);
  const seen = (words: string) => `__fish_seen_subcommand_from ${words}`;
  const value = (option: Option) => {
    if (option.kind === 'flag') return '';
    return choicesOf(option) ? ` -x -a ${quote(choicesOf(option)!.join(' '))}` : ' -r';
  };
  const lines = commands.flatMap(({ name, summary, options }) => {
    const [first = '', second] = name.split(' ');
    const others = below.get(first)?.join(' ');
    const unlessBelow = others === undefined ? '' : `; and not ${seen(others)}`;
    const isDefault = name === byDefault.name;
    const alone = isDefault ? `${seen(name)}; or not ${seen(names)}` : `${seen(first)}${unlessBelow}`;
    const within = second === undefined ? alone : `${seen(first)}; and ${seen(second)}`;
    const before = second === undefined ? `not ${seen(names)}` : `${seen(first)}${unlessBelow}`;
    return [
      `complete -c tripline -n '${before}' -a ${second ?? first} -d ${quote(summary)}`,
      ...Object.entries(options).map(([option, declared]) => {
        const short = shortOf(declared) === undefined ? '' : ` -s ${shortOf(declared)}`;
        return `complete -c tripline -n ${quote(within)} -l ${option}${short}${value(declared)} -d ${quote(gistOf(declared))}`;
      }),
    ];
  });
  return `# tripline completion fish > ~/.config/fish/completions/tripline.fish
complete -c tripline -n 'not ${seen(names)}' -f
${lines.join('\n')}
complete -c tripline -l help -d 'this text'
`;
}

function optionsOf(options: Declaration['options']): string {
  return [...Object.keys(options), 'help'].map((name) => `--${name}`).join(' ');
}

function withChoices(options: Declaration['options']): [spelt: string[], choices: readonly string[]][] {
  return Object.entries(options).flatMap(([name, option]) => {
    const choices = choicesOf(option);
    return choices === undefined ? [] : [[speltOf(name, option), choices]];
  });
}

/** How an option may be given: `--output`, `-o`. */
function speltOf(name: string, option: Option): string[] {
  const short = shortOf(option);
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}

function choicesOf(option: Option): readonly string[] | undefined {
  return option.kind === 'value' ? option.choices : undefined;
}

/** What an option is for, in the few words that fit into a list. */
function gistOf({ doc }: Option): string {
  return doc.split(/[;:(]/, 1)[0]!.trim();
}

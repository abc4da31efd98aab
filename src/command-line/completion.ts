/** Scripts that complete command lines in a shell, printed from the declarations of the commands. */
import { type Declaration, type Option, shortOf } from './declaration.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A script for a shell to read.
 * @param commands of which the first is the one that runs where none is named */
export function completionFor(shell: Shell, commands: readonly Declaration[]): string {
  return { bash, zsh, fish }[shell](commands, commands[0]!);
}

function bash(commands: readonly Declaration[], byDefault: Declaration): string {
  const names = commands.map(({ name }) => name).join(' ');
  const values = commands.flatMap(({ name, options }) =>
    withChoices(options).map(([spelt, choices]) => {
      const cases = spelt.map((option) => `'${name} ${option}'`).join(' | ');
      return `    ${cases}) words='${choices.join(' ')}' ;;`;
    }),
  );
  const options = commands.map(({ name, options }) => `    ${name}) words='${optionsOf(options)}' ;;`);
  return `# source <(tripline completion bash)
_tripline() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[1]} words=
  case " ${names} " in
  *" $command "*) ((COMP_CWORD > 1)) || command=${byDefault.name} ;;
  *) command=${byDefault.name} ;;
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
  const list = commands.map(({ name, summary }) => `    ${quote(`${name}:${described(summary)}`)}`);
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
    return `    ${name}) _arguments ${all.join(' ')} ;;`;
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
  if [[ -n $command && -n \${(M)commands:#$command:*} ]]; then
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
  const names = commands.map(({ name }) => name).join(' ');
  const value = (option: Option) => {
    if (option.kind === 'flag') return '';
    return choicesOf(option) ? ` -x -a ${quote(choicesOf(option)!.join(' '))}` : ' -r';
  };
  const lines = commands.flatMap(({ name, summary, options }) => {
    const within =
      name === byDefault.name
        ? `__fish_seen_subcommand_from ${name}; or not __fish_seen_subcommand_from ${names}`
        : `__fish_seen_subcommand_from ${name}`;
    return [
      `complete -c tripline -n 'not __fish_seen_subcommand_from ${names}' -a ${name} -d ${quote(summary)}`,
      ...Object.entries(options).map(([option, declared]) => {
        const short = shortOf(declared) === undefined ? '' : ` -s ${shortOf(declared)}`;
        return `complete -c tripline -n ${quote(within)} -l ${option}${short}${value(declared)} -d ${quote(gistOf(declared))}`;
      }),
    ];
  });
  return `# tripline completion fish > ~/.config/fish/completions/tripline.fish
complete -c tripline -n 'not __fish_seen_subcommand_from ${names}' -f
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

/** What an option is for, in the few words that a list has room for. */
function gistOf({ doc }: Option): string {
  return doc.split(/[;:(]/, 1)[0]!.trim();
}

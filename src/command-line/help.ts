/** The text of `--help`, and the docs page with the same content: both printed from the declarations. */
import { type Declaration, type Option, shortOf } from './declaration.ts';
import type { Output } from './process-io.ts';
import { definitions, styled, widthOf, wrap, wrapCommand } from './text.ts';

type Screen = Pick<Output, 'columns' | 'hasColors'>;

/** The help text of a command. */
export function helpOf(declaration: Declaration, screen: Screen): string {
  const { about, exitCodes, examples } = declaration;
  const width = widthOf(screen);
  const heading = (text: string) => styled('bold', text, screen);
  const options: [string, string][] = [...optionRows(declaration), ['--help', 'this text']];
  const shown = examples.map(({ purpose, line }) => {
    return `  # ${wrap(purpose, '  # ', width)}\n  ${wrapCommand(line, '  ', width)}`;
  });
  return `${[
    `${heading('usage:')} ${usageOf(declaration)}`,
    ...about.split('\n\n').map((paragraph) => wrap(paragraph, '', width)),
    `${heading('options')}\n${definitions(options, width)}`,
    `${heading('exit code')}\n${definitions(Object.entries(exitCodes), width)}`,
    `${heading('examples')}\n${shown.join('\n')}`,
  ].join('\n\n')}\n`;
}

/** The text of `tripline --help`: the commands, and what the default command does. */
export function overviewOf(
  version: string,
  commands: readonly Declaration[],
  byDefault: Declaration,
  screen: Screen,
): string {
  const [example] = byDefault.examples;
  const width = widthOf(screen);
  const heading = (text: string) => styled('bold', text, screen);
  const more =
    `Without a command it runs ${byDefault.name}. tripline COMMAND --help, or tripline help COMMAND, says more; ` +
    'tripline --version prints the version.';
  return `${wrap(`tripline ${version}: tags Kubernetes audit records with what Sigma rules detect in them`, '', width)}

${heading('usage:')} tripline [COMMAND] [OPTION]... [ARGUMENT]...

${definitions(
  commands.map(({ name, summary }) => [name, summary]),
  width,
)}

${wrap(more, '', width)}

${heading(`options of ${byDefault.name}`)}
${definitions(optionRows(byDefault), width)}

${heading('example:')} ${wrapCommand(example!.line, '', width)}
`;
}

/** The page about the commands in the docs' reference. */
export function commandsMarkdown(commands: readonly Declaration[], byDefault: Declaration): string {
  const list = commands
    .map(({ name, summary }) => `| [\`${name}\`](#${name.replaceAll(' ', '-')}) | ${summary} |`)
    .join('\n');
  const sections = commands.map((declaration) => {
    const { name, about, exitCodes, examples } = declaration;
    const options = optionRows(declaration).map(([option, doc]) => `| \`${option}\` | ${cell(doc)} |`);
    const codes = Object.entries(exitCodes).map(([code, meaning]) => `${code}: ${meaning}`);
    return `## ${name}

\`\`\`text commands/help.test.ts
${usageOf(declaration)}
\`\`\`

${about}

${options.length === 0 ? '' : `| option | meaning |\n|---|---|\n${options.join('\n')}\n\n`}Exit code: ${codes.join('; ')}.

\`\`\`sh commands/help.test.ts
${examples.map(({ purpose, line }) => `# ${purpose}\n${line}`).join('\n')}
\`\`\``;
  });
  return `# Commands

\`tripline COMMAND --help\` prints the same. Without a command, \`tripline\` runs \`${byDefault.name}\`. Errors are reported on
stderr; a reader that closes the pipe early (\`| head\`) is not an error.

| command | what it does |
|---|---|
${list}

${sections.join('\n\n')}
`;
}

function usageOf({ name, operands, options }: Declaration): string {
  const given = Object.keys(options).length > 0 ? ' [OPTION]...' : '';
  return `tripline ${name}${given}${operands === '' ? '' : ` ${operands}`}`;
}

function optionRows({ options }: Declaration): [string, string][] {
  return Object.entries(options).map(([name, option]) => [spell(name, option), docOf(option)]);
}

function spell(name: string, option: Option): string {
  if (option.kind === 'flag') return `--${name}`;
  const short = shortOf(option);
  return `${short === undefined ? '' : `-${short}, `}--${name} ${option.placeholder}`;
}

function docOf(option: Option): string {
  return option.kind === 'values' ? `${option.doc}; may be given several times` : option.doc;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** What `--help` says, and the page of the docs that says the same: both printed from the declarations. */
import type { Declaration, Option } from './declaration.ts';

const WIDTH = 100;

/** The help text of a command. */
export function helpOf(declaration: Declaration): string {
  const { about, exitCodes, examples } = declaration;
  const paragraphs = about.split('\n\n').map((paragraph) => wrap(paragraph, ''));
  return `${[
    `usage: ${usageOf(declaration)}`,
    ...paragraphs,
    optionLines(declaration),
    `exit code\n${definitions(Object.entries(exitCodes))}`,
    `examples\n${examples.map(({ purpose, line }) => `  # ${purpose}\n  ${line}`).join('\n')}`,
  ].join('\n\n')}\n`;
}

/** What `tripline --help` says: the commands, and what the command does that runs without being named. */
export function overviewOf(version: string, commands: readonly Declaration[], byDefault: Declaration): string {
  const [example] = byDefault.examples;
  return `tripline ${version}: tags Kubernetes audit records with what Sigma rules detect in them

usage: tripline [COMMAND] [OPTION]... [ARGUMENT]...

${definitions(commands.map(({ name, summary }) => [name, summary]))}

Without a command it runs ${byDefault.name}. tripline COMMAND --help tells more; tripline --version tells the version.

options of ${byDefault.name}
${definitions(optionRows(byDefault))}

example: ${example.line}
`;
}

/** The page of the commands in the docs' reference. */
export function commandsMarkdown(commands: readonly Declaration[], byDefault: Declaration): string {
  const list = commands.map(({ name, summary }) => `| [\`${name}\`](#${name}) | ${summary} |`).join('\n');
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

\`tripline COMMAND --help\` says the same. Without a command, \`tripline\` runs \`${byDefault.name}\`. What is wrong is told on
stderr; a reader that closes the pipe early (\`| head\`) is no error.

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

function optionLines(declaration: Declaration): string {
  return `options\n${definitions([...optionRows(declaration), ['--help', 'this text']])}`;
}

function optionRows({ options }: Declaration): [string, string][] {
  return Object.entries(options).map(([name, option]) => [spell(name, option), docOf(option)]);
}

function spell(name: string, option: Option): string {
  return option.kind === 'flag' ? `--${name}` : `--${name} ${option.placeholder}`;
}

function docOf(option: Option): string {
  return option.kind === 'values' ? `${option.doc}; may be given several times` : option.doc;
}

export function definitions(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([term]) => term.length));
  const indent = ' '.repeat(width + 4);
  return rows.map(([term, text]) => `  ${term.padEnd(width)}  ${wrap(text, indent)}`).join('\n');
}

/** The text in lines of some length, all but the first behind an indent. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines.length - 1;
    if (lines[last] === '') lines[last] = word;
    else if (indent.length + lines[last].length + 1 + word.length <= WIDTH) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${indent}`);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Reads the arguments of a command according to its declaration. */
import { parseArgs } from 'node:util';
import { didYouMean, quote } from '../sigma/rule-problem.ts';
import { type Declaration, type OptionTable, type OptionValues, shortOf, UsageError } from './declaration.ts';

export type Arguments<T extends OptionTable> =
  | { kind: 'help' }
  | { kind: 'given'; options: OptionValues<T>; operands: string[] };

/** The options and operands that were given, or that help was asked for.
 * @throws UsageError naming the first argument that is wrong */
export function readArguments<T extends OptionTable>(
  declaration: Declaration<T>,
  args: readonly string[],
): Arguments<T> {
  const { options } = declaration;
  const see = `see tripline ${declaration.name} --help`;
  const known = {
    ...Object.fromEntries(
      Object.entries(options).map(([name, option]) => [
        name,
        {
          type: option.kind === 'flag' ? ('boolean' as const) : ('string' as const),
          multiple: option.kind === 'values',
          ...(shortOf(option) && { short: shortOf(option)! }),
        },
      ]),
    ),
    help: { type: 'boolean' as const, short: 'h' },
  };
  const { tokens } = parseArgs({
    args: [...args],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'option' && !Object.hasOwn(known, token.name)) {
      throw new UsageError(`unknown option ${quote(token.rawName)}`, didYouMeanOption(token.rawName, known, see));
    }
  }
  const { values, positionals } = parse({ args: [...args], options: known, allowPositionals: true }, see);
  if (values.help) return { kind: 'help' };

  for (const [name, option] of Object.entries(options)) {
    const value = values[name];
    if (option.kind !== 'value' || option.choices === undefined || value === undefined) continue;
    if (!option.choices.includes(String(value))) {
      const choices = `one of ${option.choices.join(', ')}`;
      throw new UsageError(
        `--${name} is ${quote(String(value))}`,
        didYouMean(String(value), option.choices, `give ${choices}`),
      );
    }
  }
  const { least, most } = declaration.count;
  if (positionals.length > most) {
    throw new UsageError(`${quote(positionals[most])} is one argument too many`, see);
  }
  if (positionals.length < least) {
    throw new UsageError(`${declaration.operands} is missing`, see);
  }
  const flags = Object.entries(options).flatMap(([name, { kind }]) => (kind === 'flag' ? [[name, false]] : []));
  return {
    kind: 'given',
    options: { ...Object.fromEntries(flags), ...values } as OptionValues<T>,
    operands: positionals,
  };
}

function didYouMeanOption(rawName: string, known: object, otherwise: string): string {
  return didYouMean(
    rawName,
    Object.keys(known).map((name) => `--${name}`),
    otherwise,
  );
}

/** Turns what Node says about a missing value and the like into a usage error. */
function parse(config: Parameters<typeof parseArgs>[0], see: string): ReturnType<typeof parseArgs> {
  try {
    return parseArgs(config);
  } catch (error) {
    const [message] = (error as Error).message.split('\n');
    throw new UsageError(message.replace(/\.$/, ''), see);
  }
}

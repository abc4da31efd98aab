/** How a command is declared: its parser, its help text and its page in the docs are made from this. */

export type Option =
  | { kind: 'flag'; doc: string }
  /** Takes a word: the last one given counts. */
  | {
      kind: 'value';
      placeholder: string;
      doc: string;
      choices?: readonly string[];
      /** Its letter, for `-o`. */
      short?: string;
    }
  /** May be given several times. */
  | { kind: 'values'; placeholder: string; doc: string };

export type OptionTable = Readonly<Record<string, Option>>;

/** The letter that an option has. */
export function shortOf(option: Option): string | undefined {
  return option.kind === 'value' ? option.short : undefined;
}

/** What was given for each option. */
export type OptionValues<T extends OptionTable> = {
  -readonly [Name in keyof T]: T[Name] extends { kind: 'flag' }
    ? boolean
    : T[Name] extends { kind: 'values' }
      ? string[] | undefined
      : T[Name] extends { choices: readonly (infer Choice)[] }
        ? Choice | undefined
        : string | undefined;
};

export interface Example {
  /** What it is for. */
  purpose: string;
  /** The line as it is typed. */
  line: string;
}

export interface Declaration<T extends OptionTable = OptionTable> {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  /** What follows the options, as the usage line shows it: `FILE…`. */
  operands: string;
  /** How many operands there may be. */
  count: { least: number; most: number };
  /** What a new user should know, in paragraphs. */
  about: string;
  options: T;
  /** The exit codes of the process, with their meanings. */
  exitCodes: Readonly<Record<string, string>>;
  examples: readonly Example[];
}

/** What is wrong with a command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to do. */
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

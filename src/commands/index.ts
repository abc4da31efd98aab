/** The commands of `tripline`. */
import type { Command } from './command.ts';
import { serveCommand } from './serve.ts';

/** In the order in which help lists them. */
export const commands: readonly Command[] = [serveCommand];

/** Runs where no command is named. */
export const defaultCommand = serveCommand;

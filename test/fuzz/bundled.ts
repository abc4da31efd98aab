/** The bundled rules, for targets that need some. */
import { loadRules } from '../../src/rules/index.ts';
import { bundledRules } from '../server/app.ts';

export const bundled = loadRules({ rules: [bundledRules] }).ruleset;

/** The program as tests start it. */
import { join } from 'node:path';

/** As it is built before the tests (build.ts). */
export const built = join(import.meta.dirname, '../dist/tripline.js');
/** As `npm start` runs it. */
export const sources = join(import.meta.dirname, '../src/main.ts');

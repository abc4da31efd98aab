/** The cost of tagging, compared with what every program pays that reads such records: `npm run bench`, or with words
 * `npm run bench -- ordinary http` for the rows that have one of them in their name. */
import { responsiveRows } from './responsive-rows.ts';
import { runRows } from './row.ts';
import { inProcessRows } from './rows.ts';
import { serverRows } from './server-rows.ts';

await runRows([...inProcessRows, ...serverRows, ...responsiveRows], process.argv.slice(2));

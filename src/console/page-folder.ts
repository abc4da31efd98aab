/** Where the built page of the console is: beside the modules when published, in dist/ when run from source. */
import { fileURLToPath } from 'node:url';

const isSource = import.meta.url.endsWith('.ts');

export const pageFolder = fileURLToPath(new URL(isSource ? '../../dist/console' : '../console', import.meta.url));

/** Attacks a server for each row of the table: `npm run siege [-- --memory 1536] [part of a name]`. */
import { parseArgs } from 'node:util';
import { attacks } from './attacks.ts';
import { besiege } from './siege.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { memory: { type: 'string', default: '1536' } },
});
const chosen = attacks.filter(({ name }) => positionals.every((word) => name.includes(word)));
if (chosen.length === 0) {
  console.error(`no attack is named so; there are:\n${attacks.map(({ name }) => name).join('\n')}`);
  process.exit(1);
}

console.log('| attack | limit that holds | MiB at most | CPU s | /healthz silent s | answers |');
console.log('|---|---|--:|--:|--:|---|');
const faults: string[] = [];
for (const attack of chosen) {
  await besiege([attack], Number(values.memory), ({ name, limit, ceilings }, outcome) => {
    const { memory, cpu, silence, answers } = outcome;
    const cells = [
      name,
      limit,
      `${memory.toFixed(0)} of ${ceilings.memory}`,
      `${cpu.toFixed(1)} of ${ceilings.cpu.toFixed(0)}`,
      `${silence.toFixed(2)} of ${ceilings.silence}`,
      [...answers].map(([status, count]) => `${count} × ${status || 'closed'}`).join(', ') || 'none',
    ];
    console.log(`| ${cells.join(' | ')} |`);
    faults.push(...outcome.faults.map((fault) => `${name}: ${fault}`));
  });
}
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);

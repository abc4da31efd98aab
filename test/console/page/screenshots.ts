/** Makes the screenshots of the docs from a real sidecar with planted records:
 * `CHROMIUM=/usr/bin/chromium node test/console/page/screenshots.ts` */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from '../../../scripts/console-page.ts';
import type { Findings } from '../../../src/console/api.ts';
import { sources } from '../../program.ts';
import { startSidecar } from '../../sidecar.ts';
import { launch, openPage, phone, type View } from './browser.ts';
import { indexed } from './indexed-png.ts';
import { plantedBatches } from './planted.ts';

const images = fileURLToPath(new URL('../../../docs/images/console/', import.meta.url));

await buildPage();
mkdirSync(images, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'tripline-screenshots-'));
const settings = join(folder, 'tripline.yaml');
writeFileSync(settings, `console:\n  maxRecordBytes: 16777216\nexceptions: [${folder}]\n`);
const sidecar = await startSidecar(['--config', settings], {}, [process.execPath, sources]);
const browser = await launch();
try {
  for (const body of plantedBatches(Date.now())) {
    const headers = { 'content-type': 'application/x-ndjson' };
    const reply = await fetch(`${sidecar.url}/v1/records`, { method: 'POST', headers, body });
    if (!reply.ok) throw new Error(await reply.text());
  }
  const found = await answer<Findings>('findings?rule=pod-host-pid&q=who:checkout');
  const noisy = await answer<Findings>('findings?rule=pod-host-pid&q=who:profiling');
  const [one, other] = [found.findings[0]!, noisy.findings[0]!];
  const wide: View = { width: 1280, height: 760, colours: 'light' };
  const dark: View = { ...wide, colours: 'dark' };
  await shoot('now', '/', wide);
  await shoot('findings', `/findings?q=who:checkout&sel=${one.id}`, dark);
  await shoot('finding', `/findings/${one.id}`, wide);
  await shoot('why-not', `/why-not?auditID=${one.event!.auditID}`, dark);
  await shoot('rules', '/rules?view=matrix', { ...dark, height: 640 });
  await shoot('tune', `/tune?finding=${other.id}`, wide);
  await shoot('phone', '/findings', { ...phone, height: 640 });
} finally {
  await browser.close();
  await sidecar.stop();
  rmSync(folder, { recursive: true });
}

async function answer<Answer>(path: string): Promise<Answer> {
  return (await fetch(`${sidecar.url}/console/v1/${path}`)).json() as Promise<Answer>;
}

async function shoot(name: string, path: string, view: View): Promise<void> {
  const { page, wrongs } = await openPage(browser, sidecar.url, view);
  await page.goto(sidecar.url + path);
  await page.waitForTimeout(2500);
  const file = join(images, `${name}.png`);
  const image = indexed(await page.screenshot());
  writeFileSync(file, image);
  console.log(`${name}.png  ${Math.round(image.length / 1000)} kB`, ...wrongs);
  await page.context().close();
}

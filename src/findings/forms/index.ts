/** The forms of findings. Each is loaded on demand. */
import type { Form } from './form.ts';

const forms = {
  findings: () => import('./finding.ts').then(({ finding }) => finding),
  ocsf: () => import('./ocsf.ts').then(({ ocsf }) => ocsf),
  ecs: () => import('./ecs.ts').then(({ ecs }) => ecs),
} satisfies Record<string, () => Promise<Form>>;

export type FormName = keyof typeof forms;
export const formNames = Object.keys(forms) as FormName[];

export function loadForm(name: FormName): Promise<Form> {
  return forms[name]();
}

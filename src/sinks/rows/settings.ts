/** Settings for what a sink writes. */
import Type from 'typebox';
import { type FormName, formNames } from '../../findings/forms/index.ts';
import type { ChoiceSettings } from '../choice/settings.ts';

/** @param forms those that the sink writes */
export const rowsSetting = <Form extends FormName>(forms: readonly Form[], more = '') =>
  Type.Enum(['records', ...forms] as ('records' | Form)[], {
    default: 'records',
    description: `\`records\`: each record, with its tag; otherwise each finding and report: ${forms.map((form) => descriptions[form]).join('; ')}.${more}`,
  });

const descriptions: Record<FormName, string> = {
  findings: '`findings`, in the form of Tripline',
  ocsf: '`ocsf`, as a Detection Finding of OCSF',
  ecs: '`ecs`, in the Elastic Common Schema',
};

/** For sinks that write JSON: all forms. */
export const jsonRowsSetting = rowsSetting(formNames);

export interface RowsSettings {
  rows: 'records' | FormName;
  /** Which records the sink gets, and so which findings. */
  records?: ChoiceSettings;
}

/** The choice of a sink: one that writes findings gets only records that have some. */
export function choiceOf({ rows = 'records', records }: Partial<RowsSettings>): ChoiceSettings | undefined {
  return rows === 'records' ? records : { level: 'informational', ...records };
}

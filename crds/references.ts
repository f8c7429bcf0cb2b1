import { record, text } from './field.ts';
import { matching } from './rule.ts';

/** How a credential points at what lies in Secrets and ConfigMaps of its namespace. Nothing in a credential names a file. */
export const objectName = (description: string) =>
  text(description, {
    max: 253,
    rules: [
      matching(
        'InvalidReference',
        '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
        "must be an object's name: lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit",
      ),
    ],
  });

const dataKey = (description: string) =>
  text(description, {
    max: 253,
    rules: [matching('InvalidReference', '^[-._0-9A-Za-z]+$', 'must be a key: letters, digits, hyphens, underscores and dots')],
  });

const labelledSecret = 'The Secret\'s name. It carries the label tokenward.dev/credential: "true".';

/** A reference whose key has a name of its own unless the user says otherwise. */
export const secretRef = (description: string, defaultKey: string) =>
  record(description, { name: objectName(labelledSecret), key: dataKey("The key in the Secret's data.").default(defaultKey) });

/** The Secret alone, for keys that cannot be chosen. */
export const secretName = (description: string) => record(description, { name: objectName(labelledSecret) });

export const secretKeyRef = record('One key of a Secret in the same namespace that carries the label tokenward.dev/credential: "true".', {
  name: objectName("The Secret's name."),
  key: dataKey("The key in the Secret's data."),
});

export const configMapKeyRef = record(
  'One key of a ConfigMap in the same namespace that carries the label tokenward.dev/credential: "true".',
  { name: objectName("The ConfigMap's name."), key: dataKey("The key in the ConfigMap's data.") },
);

/** What needs no quotes in YAML 1.1 and 1.2: it is a string for every reader, and not a number, a date or a word such as `yes`. */
const plain = /^[A-Za-z][\w.-]*(?:[/:][\w.~/-]+)*$/;
const notAString = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/** JSON as block YAML, without a library: strings that could be read as something else are quoted as JSON, which YAML contains. */
export function formatYaml(value: unknown): readonly string[] {
  if (isEmpty(value)) return [Array.isArray(value) ? '[]' : '{}'];
  if (Array.isArray(value)) {
    return value.flatMap((item) => formatYaml(item).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`));
  }
  if (typeof value !== 'object' || value === null)
    return isText(value)
      ? [
          '|',
          ...value
            .trimEnd()
            .split('\n')
            .map((line) => `  ${line}`),
        ]
      : [scalar(value)];
  return Object.entries(value).flatMap(([key, inner]) => {
    const lines = formatYaml(inner);
    if (isText(inner)) return [`${scalar(key)}: |`, ...lines.slice(1)];
    const isBlock = typeof inner === 'object' && inner !== null && !isEmpty(inner);
    return isBlock ? [`${scalar(key)}:`, ...lines.map((line) => `  ${line}`)] : [`${scalar(key)}: ${lines.join('')}`];
  });
}

/** Of several lines that a block shows as they are, such as PEM. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[!-~][ -~]*(?:\n[ -~]+)+\n$/.test(value);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function scalar(value: unknown): string {
  return typeof value === 'string' && plain.test(value) && !notAString.test(value) ? value : JSON.stringify(value);
}

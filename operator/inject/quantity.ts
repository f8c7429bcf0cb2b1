const units: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const form = /^(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/;

/** A Kubernetes quantity that is not negative (`100m`, `64Mi`, `1e3`) as a number, near enough to compare; undefined for anything else. */
export function parseQuantity(text: string): number | undefined {
  const [whole, digits, unit, exponent] = (text.length <= 32 && form.exec(text)) || [];
  if (whole === undefined) return undefined;
  return Number(digits) * (unit === undefined ? 10 ** Number(exponent ?? 0) : (units[unit] ?? NaN));
}

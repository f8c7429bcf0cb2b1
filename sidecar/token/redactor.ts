import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import { formURLEncode } from './client-authentication.ts';
import { excerptsOf } from './remove-excerpts.ts';
import type { TokenMaterial } from './token-material.ts';

/** Replaces everything in a text that is, or looks like, a secret or a token. Of a long text only the beginning is left. */
export type Redact = (text: string) => string;

const redacted = '[redacted]';

/** Below this a value may well be a common word: it is only redacted where it stands alone. */
const shortestDistinctive = 8;

/** What is longer is also looked for in parts. */
const longestWhole = 100;

/** Redacting takes time, which an endpoint must not be able to waste. */
const longestText = 16_384;

/** The end of a text that was cut: the beginning of a secret in it would not be recognised. */
const unsureEnd = 4_096;

/**
 * Redacts what a token endpoint wrote, before it is logged: every secret of the configuration and of this one request, in each encoding
 * in which it was sent or may be quoted, and whatever looks like a token. It would rather take out too much.
 */
export function redactor(config: SidecarConfig, material: TokenMaterial): Redact {
  let secrets: Redact | undefined;
  return (text) => {
    secrets ??= secretsRemover(config, material);
    const start = text.slice(0, longestText);
    const clean = redactTokens(secrets(start));
    return start === text ? clean : clean.slice(0, -unsureEnd);
  };
}

/** Whether one of the request's secrets is in the text, in whatever encoding. */
export function holdsSecret(config: SidecarConfig, material: TokenMaterial, text: string): boolean {
  return secretsRemover(config, material)(text) !== text;
}

function secretsRemover(config: SidecarConfig, material: TokenMaterial): Redact {
  const values = new Set([...sensitiveValues([config, material]).flatMap(pieces), ...basicCredentials(config), ...decoded(material)]);
  const forms = [...new Set([...values].flatMap(encodings))].filter((form) => form !== '');
  const removeExcerpts = excerptsOf(forms.filter((form) => form.length > longestWhole));
  const whole = forms.filter((form) => form.length <= longestWhole).sort((a, b) => b.length - a.length);
  const pattern = whole.length === 0 ? undefined : new RegExp(whole.map(alternative).join('|'), 'gi');
  return (text) => {
    const rest = removeExcerpts(text, redacted);
    return pattern === undefined ? rest : rest.replace(pattern, redacted);
  };
}

function sensitiveValues(value: unknown): string[] {
  if (value instanceof Sensitive) return [value.reveal()];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(sensitiveValues);
}

/** The XML of a SAML assertion may be quoted without its encoding. */
function decoded({ assertion }: TokenMaterial): string[] {
  const text = assertion === undefined ? '' : Buffer.from(assertion.reveal(), 'base64').toString('utf8');
  return text.startsWith('<') ? [text] : [];
}

/** A key in PEM may be quoted line by line; in what is long parts are found anyway. */
function pieces(value: string): string[] {
  return value.length <= longestWhole && value.includes('\n')
    ? [value, ...value.split(/\r?\n/).filter((line) => line.length >= shortestDistinctive)]
    : [value];
}

/** What stands in an Authorization header: both halves together. */
function basicCredentials({ client }: SidecarConfig): string[] {
  const secret = client.secret?.reveal();
  if (!secret) return [];
  return [`${client.id ?? ''}:${secret}`, `${formURLEncode(client.id ?? '')}:${formURLEncode(secret)}`];
}

const namedInHtml: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** As XML has it; Spring and Rails; PHP; Django and React; Go and Jinja. */
const quotesInHtml: readonly Readonly<Record<string, string>>[] = [
  {},
  { "'": '&#39;' },
  { "'": '&#039;' },
  { "'": '&#x27;' },
  { "'": '&#39;', '"': '&#34;' },
];

function encodings(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  return [
    value,
    encodeURIComponent(value.toWellFormed()),
    formURLEncode(value),
    JSON.stringify(value).slice(1, -1),
    value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
    ...quotesInHtml.map((quotes) => value.replace(/[&<>"']/g, (character) => ({ ...namedInHtml, ...quotes })[character] ?? character)),
    // Go and others write these so, that JSON may stand in a page.
    JSON.stringify(value)
      .slice(1, -1)
      .replace(/[<>&']/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
}

function alternative(form: string): string {
  const literal = form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  return form.length < shortestDistinctive ? `(?<!\\w)${literal}(?!\\w)` : literal;
}

const schemeAndToken = /\b(basic|bearer)\s+[\w+/=.~-]+/gi;
const tellingName =
  /(["']?[\w.-]{0,40}(?:token|secret|password|passwd|assertion|api_?key|authorization|cookie)[\w.-]{0,40}["']?\s{0,9}[:=]\s{0,9})("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s&<>"',;}]+)/gi;
/** A JWT, whole or in part: `{"` in base64. */
const jwt = /\beyJ[\w-]{6,}(?:\.[\w-]*){0,4}/g;
const longRun = /[\w+/=.~-]{20,}/g;

function redactTokens(text: string): string {
  return text
    .replace(schemeAndToken, `$1 ${redacted}`)
    .replace(tellingName, `$1${redacted}`)
    .replace(jwt, redacted)
    .replace(longRun, (run) => (run.length >= 40 || (/\d/.test(run) && /[a-z]/i.test(run)) ? redacted : run));
}

// oxlint-disable-next-line no-control-regex -- these are what is looked for
const deceptive = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * What a cluster's objects hold must steer neither the terminal nor the page that it is shown on: of the control characters only line
 * breaks and tabs stay, and nothing shows the rest of a line in another order than it has, or hides.
 */
export function plainText(text: string): string {
  return text.replace(deceptive, '\ufffd');
}

import { type Html, html } from './html.ts';

/** A table in its frame. The caption is for those who hear it: on the page a heading stands above. */
export function drawTable(caption: string, columns: readonly string[], rows: readonly Html[]): Html {
  return html`<div class="frame">
    <table>
      <caption class="hidden">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/**
 * What makes a page live, where there is JavaScript: the server sends `<main>`'s live part anew when it has changed, and it is brought
 * into the page without touching what is the same, so that focus, selection and what is folded out stay. The search narrows down while
 * one types.
 */
export const liveScript = `'use strict';
(() => {
  const live = document.getElementById('live');
  const link = document.getElementById('connection');
  if (live === null || link === null) return;
  let stream;

  const say = (state, text) => {
    if (link.dataset.state === state) return;
    link.dataset.state = state;
    link.textContent = text;
  };

  const sync = (from, to) => {
    if (from.isEqualNode(to)) return;
    if (from.nodeType !== 1 || from.nodeName !== to.nodeName || from.id !== to.id) return from.replaceWith(to);
    // Whoever is typing or has folded something out keeps that.
    const own = from.nodeName === 'DETAILS' ? ['open'] : from.nodeName === 'INPUT' || from.nodeName === 'OPTION' ? ['value', 'checked', 'selected'] : [];
    for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !own.includes(name)) from.removeAttribute(name);
    for (const { name, value } of [...to.attributes]) {
      if (from.getAttribute(name) !== value && !own.includes(name)) from.setAttribute(name, value);
    }
    let at = from.firstChild;
    for (const child of [...to.childNodes]) {
      const known = child.id ? [...from.children].find(({ id }) => id === child.id) : at !== null && !at.id ? at : null;
      if (known === null || known === undefined) from.insertBefore(child, at);
      else {
        if (known === at) at = at.nextSibling;
        else from.insertBefore(known, at);
        sync(known, child);
      }
    }
    while (at !== null) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  };

  let latest;
  const show = () => {
    const chosen = getSelection();
    // Text that is being copied does not change under the hand.
    if (latest === undefined || (chosen !== null && !chosen.isCollapsed && live.contains(chosen.anchorNode))) return;
    const fresh = new DOMParser().parseFromString(JSON.parse(latest), 'text/html').getElementById('live');
    latest = undefined;
    if (fresh === null) return;
    const focused = document.activeElement;
    sync(live, document.importNode(fresh, true));
    if (focused !== null && focused.isConnected && document.activeElement !== focused) focused.focus();
  };
  document.addEventListener('selectionchange', show);

  const open = () => {
    stream?.close();
    stream = new EventSource(location.href.split('#')[0]);
    stream.onmessage = ({ data }) => {
      say('live', 'Live');
      latest = data;
      show();
    };
    stream.onerror = () => say('lost', 'Connection lost: what is shown is no longer live');
  };
  const close = () => {
    stream?.close();
    say('paused', 'Paused');
  };

  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  addEventListener('pageshow', ({ persisted }) => persisted && open());

  const form = document.getElementById('search');
  form?.addEventListener('input', () => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== '')).toString();
    history.replaceState(null, '', query === '' ? location.pathname : '?' + query);
    open();
  });
  open();
})();
`;

// Small helpers for building the page. Text from the device only ever becomes text, never markup.

/** element('a', {href: '#'}, 'text', child, …); handlers are attributes that begin with "on". */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (typeof value === 'boolean') node.toggleAttribute(name, value);
    else if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

export const section = (title, ...content) => element('section', {}, element('h2', {}, title), ...content);
export const row = (...content) => element('div', { class: 'row' }, ...content);
export const button = (text, onclick, more = {}) => element('button', { type: 'button', onclick, ...more }, text);

/** [[term, what], …]; entries without a value are left out. */
export function facts(entries) {
  const shown = entries.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return element('dl', {}, shown.map(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]));
}

export function table(heads, rows) {
  return element('table', {},
    element('thead', {}, element('tr', {}, heads.map((head) => element('th', { scope: 'col' }, head)))),
    element('tbody', {}, rows.map((cells) => element('tr', {}, cells.map((cell) => element('td', {}, cell))))));
}

export function notify(message, kind = '') {
  const close = button('Close', () => notice.remove());
  const notice = element('div', { class: `notice ${kind}`, role: kind === 'bad' ? 'alert' : 'status' },
    element('p', {}, message), close);
  document.getElementById('notices').replaceChildren(notice);
}

/** Asks in a dialog; true when the answer is yes. */
export function ask(text, yes = 'Yes') {
  const dialog = document.getElementById('question');
  document.getElementById('question-text').textContent = text;
  document.getElementById('question-yes').textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

/** Runs what a button does: the button waits, and a refusal is shown in the device's words. */
export async function run(source, action) {
  source.disabled = true;
  try {
    await action();
  } catch (error) {
    notify([error.message, error.hint].filter(Boolean).join('\n'), 'bad');
  } finally {
    source.disabled = false;
  }
}

export function bytes(count) {
  if (count === null || count === undefined) return 'unknown';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) { count /= 1000; ++unit; }
  return `${unit === 0 ? count : count.toFixed(1)} ${units[unit]}`;
}

export const time = (seconds) => (seconds ? new Date(seconds * 1000).toLocaleString() : 'never');

export function duration(seconds) {
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60;
  return [days && `${days} d`, hours && `${hours} h`, `${minutes} min`].filter(Boolean).join(' ');
}

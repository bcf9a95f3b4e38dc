// Settings: edited together, looked at as differences, then applied, or tried for a while.
import { get, patch, post, remove } from '/static/api.js';
import { ask, button, element, notify, row, run, section, table, time } from '/static/dom.js';
import { editorFor } from '/static/editors.js';

const transaction = 'page';
const trySeconds = 60;

const at = (document, path) => path.split('.').reduce((value, word) => value?.[word], document);

function put(document, path, value) {
  const words = path.split('.');
  const last = words.pop();
  let group = document;
  for (const word of words) group = group[word] ??= {};
  group[last] = value;
}

/** Settings by the first word of their paths. (Map.groupBy is too new for many phones.) */
function groupByFirstWord(settings) {
  const groups = new Map();
  for (const setting of settings) {
    const word = setting.path.split('.')[0];
    groups.set(word, [...(groups.get(word) ?? []), setting]);
  }
  return groups;
}

const shownValue = (value) => (value === undefined || value === null ? '(not set)' : JSON.stringify(value));

/** The bar that counts down while a change is being tried. */
function tryBar(until, onEnd) {
  const left = element('strong', {}, '');
  const bar = element('div', { class: 'notice warn' },
    element('p', {}, 'These settings are being tried. They go back by themselves in ', left, '.'),
    button('Keep them', (event) => run(event.target, async () => {
      await post('/tx/confirm');
      notify('The settings are kept.');
      stop();
    }), { class: 'strong' }));
  const tick = () => {
    const seconds = Math.max(0, Math.round(until - Date.now() / 1000));
    left.textContent = `${seconds} s`;
    if (seconds === 0) stop();
  };
  const timer = setInterval(tick, 500);
  const stop = () => { clearInterval(timer); bar.remove(); onEnd(); };
  tick();
  return bar;
}

class SettingsView {
  constructor(place) {
    this.place = place;
    this.changes = new Map();
    this.pending = element('div');
    this.trial = element('div');
  }

  async load() {
    const [schema, values, history] = await Promise.all([get('/settings/schema'), get('/settings'), get('/settings/history')]);
    this.schema = Object.entries(schema).map(([path, setting]) => ({ path, ...setting }));
    this.values = values;
    this.history = history;
    this.changes.clear();
    this.draw();
  }

  draw() {
    const groups = groupByFirstWord(this.schema);
    this.drawPending();
    this.place.replaceChildren(this.trial, this.pending,
      ...[...groups].map(([group, settings]) => section(group, settings.map((setting) => this.drawSetting(setting)))),
      this.drawHistory());
  }

  drawSetting(setting) {
    const id = `setting-${setting.path}`;
    const box = element('div', { class: 'setting' });
    const editor = editorFor(setting, at(this.values, setting.path), id, (value) => {
      this.changes.set(setting.path, value);
      box.classList.add('changed');
      this.drawPending();
    });
    box.append(element('label', { for: id }, element('code', {}, setting.path)),
      element('p', {}, setting.description ?? ''), editor,
      element('p', { class: 'violation', 'data-path': setting.path }));
    return box;
  }

  drawPending() {
    if (this.changes.size === 0) { this.pending.replaceChildren(); return; }
    const names = [...this.changes.keys()].join(', ');
    this.pending.replaceChildren(section(`${this.changes.size} changed`, element('p', {}, names), row(
      button('Apply', (event) => run(event.target, () => this.apply({})), { class: 'strong' }),
      button(`Try for ${trySeconds} s`, (event) => run(event.target, () => this.apply({ try_seconds: trySeconds }))),
      button('Forget', (event) => run(event.target, () => this.load())))));
  }

  async apply(options) {
    for (const line of this.place.querySelectorAll('.violation')) line.textContent = '';
    const document = {};
    for (const [path, value] of this.changes) put(document, path, value);
    await remove(`/tx?tx=${transaction}`);
    try {
      await patch(`/settings?tx=${transaction}`, document);
      const preview = await get(`/tx?tx=${transaction}`);
      if (preview.violations?.length) { this.showViolations(preview.violations); return; }
      const text = preview.differences.map((it) => `${it.path}: ${shownValue(it.before)} → ${shownValue(it.after)}`).join('\n');
      const services = preview.services?.length ? `\n\nRestarts: ${preview.services.join(', ')}` : '';
      if (!await ask(`${text || 'Nothing differs.'}${services}`, options.try_seconds ? 'Try' : 'Apply')) return;
      const outcome = await post(`/tx/commit_and_apply?tx=${transaction}`, options);
      if (outcome.try) this.trial.replaceChildren(tryBar(outcome.try.until, () => this.load().catch(() => {})));
      else notify('The settings are applied.');
      await this.load();
    } catch (error) {
      this.showViolations(error.violations ?? []);
      throw error;
    }
  }

  showViolations(violations) {
    for (const violation of violations) {
      const line = [...this.place.querySelectorAll('.violation')].find((it) => violation.path.startsWith(it.dataset.path));
      if (line) line.textContent = `${violation.path} ${violation.why}; allowed: ${violation.allowed}`;
    }
    if (violations.length)
      notify(violations.map((it) => `${it.path}: ${it.why}; allowed: ${it.allowed}`).join('\n'), 'bad');
  }

  drawHistory() {
    const entries = [...(this.history.entries ?? [])].reverse();
    return section('History', entries.length
      ? table(['Version', 'When', 'Who', 'What'], entries.map((it) => [String(it.version), time(it.time), it.who, it.what]))
      : element('p', { class: 'soft' }, 'Nothing has been set yet.'),
    entries.length ? row(button('Undo the last change', (event) => run(event.target, async () => {
      if (!await ask('Go back to the settings before the last change?', 'Undo')) return;
      await post('/settings/undo');
      notify('The last change is undone.');
      await this.load();
    }))) : null);
  }
}

export async function showSettings(place) {
  const view = new SettingsView(place);
  await view.load();
  return { onEvent: (name) => { if (name === 'settings' && view.changes.size === 0) view.load().catch(() => {}); } };
}


// The frame of the page: which section is shown, and what the device tells by itself.
import { get, listen } from '/static/api.js';
import { element, notify } from '/static/dom.js';
import { showStatus } from '/static/status.js';
import { showUpdate } from '/static/update.js';
import { showSettings } from '/static/settings.js';
import { showServices } from '/static/services.js';
import { showLogs } from '/static/logs.js';

const views = { status: showStatus, update: showUpdate, settings: showSettings, services: showServices, logs: showLogs };
let shown = { onEvent() {} };
let turn = 0;

async function show() {
  const name = Object.hasOwn(views, location.hash.slice(1)) ? location.hash.slice(1) : 'status';
  for (const link of document.querySelectorAll('nav a'))
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  const mine = ++turn;
  const place = element('div');
  shown = { onEvent() {} };
  try {
    const view = await views[name](place);
    if (mine !== turn) return;
    shown = view ?? shown;
  } catch (error) {
    if (mine !== turn) return;
    place.replaceChildren(element('section', {}, element('p', { class: 'bad' }, error.message)));
  }
  document.getElementById('view').replaceChildren(place);
}

async function nameMachine() {
  const os = await get('/os');
  document.getElementById('machine').textContent = os.host_name || os.machine || os.name;
  document.title = `${os.host_name || os.machine || 'Cairn'}: Cairn`;
  if (os.development_keys)
    notify('This image was made with development keys: anybody can sign updates for it.', 'warn');
}

const events = Object.fromEntries(['status', 'progress', 'settings', 'health', 'services'].map(
  (name) => [name, (data) => shown.onEvent(name, data)]));
let wasConnected = true;
listen(events, (isConnected) => {
  const summary = document.getElementById('summary');
  summary.textContent = isConnected ? 'connected' : 'no connection, trying again';
  summary.className = isConnected ? 'good' : 'warn';
  if (isConnected && !wasConnected) show();
  wasConnected = isConnected;
});
addEventListener('hashchange', show);
show();
nameMachine().catch((error) => notify(error.message, 'bad'));

// An update from looking for one to the restart, and back.
import { get, post } from '/static/api.js';
import { ask, button, bytes, element, facts, notify, row, run, section, table, time } from '/static/dom.js';
import { versions } from '/static/status.js';

const steps = ['Idle', 'Available', 'Staged', 'Ready'];
const meaning = {
  Idle: 'No newer version is known.',
  Available: 'A newer version can be downloaded. The running one is not touched.',
  Staged: 'The newer version is written and checked. It is not started yet.',
  Ready: 'The next restart tries the newer version. If it does not come up well, this one comes back by itself.',
};

function progressBar(progress) {
  if (!progress) return null;
  const share = progress.total ? `${Math.floor(100 * progress.done / progress.total)} %` : '';
  return element('div', { id: 'progress' }, element('p', {}, `${progress.step} ${share}`),
    element('progress', { max: progress.total || 1, ...(progress.total ? { value: progress.done } : {}) }));
}

// An address of a file is never anything but the stick's: settings do not take one.
function source(repository) {
  if (!repository) return 'none is set';
  return repository.startsWith('file:') ? 'the USB stick that is plugged in' : repository;
}

function offer(available) {
  if (!available) return null;
  const changes = available.changes ?? [];
  return section(`Version ${available.version}`,
    facts([['Date', available.date], ['To download', bytes(available.download_bytes)], ['Notes', available.notes]]),
    changes.length ? element('details', {}, element('summary', {}, `${changes.length} packages change`),
      table(['Package', 'From', 'To'], changes.map((change) => [change.package, change.from ?? 'new', change.to ?? 'removed']))) : null);
}

function refused(status, redraw) {
  const denied = status.denied ?? [], withheld = status.not_offered ?? [];
  if (!denied.length && !withheld.length) return null;
  const clear = (version) => button('Allow again', (event) => run(event.target, async () => {
    if (!await ask(`Offer ${version} again?`)) return;
    await post('/actions/clear-denied', { version });
    await redraw();
  }));
  return section('Not offered',
    withheld.length ? table(['Version', 'Why'], withheld.map((it) => [it.version, it.why])) : null,
    denied.length ? table(['Version', 'Why', ''], denied.map((it) => [it.version, `${it.ban}: ${it.cause}`, clear(it.version)])) : null);
}

function actions(status, redraw) {
  const act = (text, path, { body, question, yes, strong = false, done, is_off = false } = {}) =>
    button(text, (event) => run(event.target, async () => {
      if (question && !await ask(question, yes ?? text)) return;
      await post(path, body);
      if (done) notify(done);
      await redraw();
    }), { class: strong ? 'strong' : '', disabled: is_off });
  const busy = Boolean(status.progress);
  const now = status.update_state;
  return row(
    act('Look for updates', '/actions/refresh-updates', { strong: now === 'Idle', is_off: busy }),
    now === 'Available' || now === 'Staged'
      ? act(now === 'Staged' ? 'Write it once more' : 'Download and write', '/actions/prepare-update', { strong: now === 'Available', is_off: busy }) : null,
    now === 'Staged' ? act('Activate', '/actions/activate-update', { strong: true, is_off: busy }) : null,
    now === 'Ready' ? act('Take it back', '/actions/deactivate-update', { is_off: busy }) : null,
    act('Restart', '/actions/reboot', {
      strong: now === 'Ready', is_off: busy, question: 'Restart this machine now?', yes: 'Restart', done: 'The machine restarts.' }),
    status.other?.is_good ?? status.other?.good
      ? act('Go back', '/actions/rollback', {
        is_off: busy, yes: 'Go back and restart', done: 'The machine restarts into the older version.',
        question: `Go back to ${status.other.version} and restart now?\n${status.running.version} will not be offered again until you allow it.` }) : null);
}

export async function showUpdate(place) {
  let status = {};
  const draw = () => {
    const last = status.most_recent_command;
    place.replaceChildren(
      section('Update',
        element('ol', { class: 'steps' }, steps.map((step) =>
          element('li', step === status.update_state ? { 'aria-current': 'step' } : {}, step))),
        element('p', {}, meaning[status.update_state] ?? ''),
        progressBar(status.progress) ?? '',
        last ? element('p', { class: last.outcome === 'failed' ? 'bad' : 'soft' },
          `Last: ${last.command}, ${last.outcome}, ${time(last.time)}${last.message ? `: ${last.message}` : ''}`) : null,
        actions(status, redraw)),
      ...[offer(status.available)].filter(Boolean),
      section('Versions', versions(status)),
      ...[refused(status, redraw)].filter(Boolean),
      section('Source', facts([['Repository', source(status.repository)], ['Last looked', time(status.last_refresh)]])));
  };
  // An answer that was overtaken by an event is old.
  let turn = 0;
  const redraw = async () => {
    const mine = ++turn;
    const fresh = await get('/updates/status');
    if (mine !== turn) return;
    status = fresh;
    draw();
  };
  await redraw();
  return {
    onEvent: (name, data) => {
      if (name === 'status') { ++turn; status = data; draw(); return; }
      if (name !== 'progress') return;
      const isNew = !status.progress;
      status.progress = data;
      const bar = place.querySelector('#progress');
      if (isNew || !bar) draw(); else bar.replaceWith(progressBar(data));
    },
  };
}

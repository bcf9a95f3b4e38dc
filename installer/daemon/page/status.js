// What this machine is, whether it is well, and what happened to it.
import { get } from '/static/api.js';
import { duration, element, facts, section, table } from '/static/dom.js';

const healthClass = { good: 'good', starting: 'warn', failing: 'bad' };

function aboutMachine(os) {
  const data = os.data ?? {};
  return section('Machine', facts([
    ['Machine', os.machine],
    ['Image', `${os.name} ${os.version} (${os.architecture})`],
    ['Running for', duration(os.uptime_seconds ?? 0)],
    ['Kernel', os.kernel],
    ['Secure Boot', { true: 'on', false: 'off' }[os.secure_boot] ?? 'unknown'],
    ['Data', data.state === 'failed'
      ? element('span', { class: 'bad' }, `not there, nothing is kept: ${data.error}`) : data.state],
    ['Machine id', element('code', {}, os.machine_id ?? '')],
    ['API key', element('code', {}, os.api_fingerprint ?? '')],
  ]));
}

function state(version) {
  if (version.on_trial) return element('span', { class: 'warn' }, 'on trial');
  if (version.is_good ?? version.good) return element('span', { class: 'good' }, 'good');
  return element('span', { class: 'soft' }, 'not confirmed');
}

export function versions(status) {
  const rows = [status.running, status.other].filter(Boolean).map((version, index) => [
    index === 0 ? 'running' : 'other', version.slot ?? '', `${version.name ?? ''} ${version.version}`, state(version),
    element('code', { class: 'wide' }, (version.root_hash ?? '').slice(0, 16)),
  ]);
  return table(['', 'Slot', 'Version', 'State', element('span', { class: 'wide' }, 'Root hash')], rows);
}

function health(report) {
  const rows = (report.checks ?? []).map((check) => [
    element('span', { class: check.ok ? 'good' : 'bad' }, check.ok ? 'ok' : 'fails'), check.name, check.message ?? '']);
  const left = report.status === 'starting' && report.deadline_seconds_left
    ? `, ${report.deadline_seconds_left} s left` : '';
  return section('Health',
    element('p', { class: healthClass[report.status] ?? '' }, `${report.status}${left}`),
    rows.length ? table(['', 'Check', ''], rows) : null);
}

function story(status) {
  const lines = [...(status.story ?? [])].reverse();
  return section('What happened', lines.length
    ? element('ul', {}, lines.map((line) => element('li', {}, line))) : element('p', { class: 'soft' }, 'Nothing worth telling.'));
}

export async function showStatus(place) {
  const draw = async () => {
    const [os, status, report] = await Promise.all([get('/os'), get('/updates/status'), get('/health')]);
    place.replaceChildren(health(report), section('Versions', versions(status)), aboutMachine(os), story(status));
  };
  await draw();
  return { onEvent: (name) => { if (['status', 'health'].includes(name)) draw().catch(() => {}); } };
}

// What the services wrote.
import { get } from '/static/api.js';
import { button, element, row, run, section } from '/static/dom.js';

export async function showLogs(place) {
  const { services } = await get('/logs');
  const names = services.map((service) => service.name ?? service);
  const remembered = sessionStorage.getItem('service');
  const service = element('select', { 'aria-label': 'Service' },
    names.map((name) => element('option', { selected: name === remembered }, name)));
  const lines = element('select', { 'aria-label': 'Lines' },
    [100, 500, 2000].map((count) => element('option', { value: String(count) }, `last ${count} lines`)));
  const text = element('pre', { tabindex: '0', 'aria-label': 'Log' });
  const read = async () => {
    if (!service.value) return;
    sessionStorage.setItem('service', service.value);
    text.textContent = await get(`/logs?service=${encodeURIComponent(service.value)}&lines=${lines.value}`) || '(empty)';
    text.scrollTop = text.scrollHeight;
  };
  const again = button('Read again', (event) => run(event.target, read));
  service.addEventListener('change', () => run(again, read));
  lines.addEventListener('change', () => run(again, read));
  place.replaceChildren(section('Logs',
    row(service, lines, again, element('a', { href: '/logs?bundle=true', download: 'logs.tar.zst' }, 'All of it as a bundle')), text));
  await read();
}

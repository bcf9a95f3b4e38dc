// The services: whether each is up, how often it was started again, and what it died of.
import { get, post } from '/static/api.js';
import { ask, button, duration, element, notify, run, section, table, time } from '/static/dom.js';

const classes = { up: 'good', starting: 'warn', down: 'soft', failed: 'bad' };

function crashes(service) {
  const list = service.crashes ?? [];
  if (!list.length) return service.last_exit ? element('p', { class: 'soft' }, `ended: ${service.last_exit}`) : null;
  return element('details', {}, element('summary', {}, `${list.length} ${list.length === 1 ? 'crash' : 'crashes'}`), list.map((crash) => element('div', {},
    element('p', {}, `${time(crash.time)}: ${crash.signal ? `signal ${crash.signal}` : `code ${crash.code}`}`),
    element('pre', {}, [crash.last_lines ?? ''].flat().join('\n')))));
}

export async function showServices(place) {
  const draw = async () => {
    const { services } = await get('/services');
    place.replaceChildren(section('Services', table(['Service', 'State', element('span', { class: 'wide' }, 'For'), ''], services.map((service) => [
      element('a', { href: `#logs`, onclick: () => sessionStorage.setItem('service', service.name) }, service.name),
      element('div', {}, element('span', { class: classes[service.state] ?? '' }, service.state),
        service.restarts ? element('p', { class: 'soft' }, `${service.restarts} restarts`) : null, crashes(service)),
      element('span', { class: 'wide' }, service.since ? duration(Math.max(0, Date.now() / 1000 - service.since)) : ''),
      button('Restart', (event) => run(event.target, async () => {
        if (!await ask(`Restart the service ${service.name}?`, 'Restart')) return;
        await post(`/services/${encodeURIComponent(service.name)}/restart`);
        notify(`${service.name} restarts.`);
        await draw();
      }))]))));
  };
  await draw();
  return { onEvent: (name) => { if (name === 'services') draw().catch(() => {}); } };
}

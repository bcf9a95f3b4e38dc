// The device's API as this page uses it: installer/api/openapi.yaml.

/** What the device refused, with its own words and advice. */
export class Refusal extends Error {
  constructor(status, body) {
    const error = body?.error ?? {};
    super(error.message ?? `the device answered ${status}`);
    this.status = status;
    this.hint = error.hint ?? '';
    this.violations = body?.violations ?? error.violations ?? [];
  }
}

async function send(method, path, body) {
  const options = { method, headers: {}, cache: 'no-store' };
  if (method !== 'GET') {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body ?? {});
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refusal(0, { error: { message: 'the device cannot be reached' } });
  }
  return answer;
}

async function read(answer) {
  if (answer.status === 204) return null;
  const isJson = (answer.headers.get('Content-Type') ?? '').includes('json');
  const body = isJson ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Refusal(answer.status, isJson ? body : null);
  return body;
}

export const get = async (path) => read(await send('GET', path));
export const post = async (path, body) => read(await send('POST', path, body));
export const patch = async (path, body) => read(await send('PATCH', path, body));
export const remove = async (path) => read(await send('DELETE', path));

/** Calls `on[name](data)` for each event, until the returned function is called. The browser reconnects by itself. */
export function listen(on, onState) {
  const source = new EventSource('/events');
  for (const [name, take] of Object.entries(on))
    source.addEventListener(name, (event) => take(JSON.parse(event.data)));
  source.onopen = () => onState(true);
  source.onerror = () => onState(false);
  return () => source.close();
}

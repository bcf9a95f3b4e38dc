// One input for each kind of setting, as the schema describes it. What has no field of its own is edited as JSON.
import { element } from '/static/dom.js';

const isTextList = (setting) => setting.type === 'list' && ['string', 'enumeration'].includes(setting.item?.type) && !setting.item?.multiline;

function choice(values, value, id, onChange) {
  return element('select', { id, onchange: (event) => onChange(event.target.value === '' ? null : JSON.parse(event.target.value)) },
    values.map(([text, it]) => element('option', { value: it === null ? '' : JSON.stringify(it), selected: (it ?? null) === (value ?? null) }, text)));
}

function text(setting, value, id, onChange) {
  const tag = setting.multiline ? 'textarea' : 'input';
  const input = element(tag, { id, placeholder: setting.secret ? 'secret, not shown' : undefined, maxlength: setting.most,
    oninput: () => onChange(input.value === '' ? null : input.value) });
  if (setting.secret) input.type = 'password';
  else input.value = value ?? '';
  return input;
}

function number(setting, value, id, onChange) {
  const input = element('input', { id, type: 'number', step: '1', min: setting.least, max: setting.most,
    oninput: () => onChange(input.value === '' ? null : Number(input.value)) });
  input.value = value ?? '';
  return input;
}

function lines(value, id, onChange) {
  const input = element('textarea', { id, placeholder: 'one in each line',
    oninput: () => onChange(input.value.split('\n').map((line) => line.trim()).filter(Boolean)) });
  input.value = (value ?? []).join('\n');
  return input;
}

function json(value, id, onChange) {
  const input = element('textarea', { id, spellcheck: 'false', oninput: () => {
    try {
      const parsed = input.value.trim() === '' ? null : JSON.parse(input.value);
      input.setCustomValidity('');
      onChange(parsed);
    } catch (error) {
      input.setCustomValidity(error.message);
      input.reportValidity();
    }
  } });
  input.value = value === undefined || value === null ? '' : JSON.stringify(value, null, 2);
  return input;
}

/** `onChange(value)`: null takes the setting back to its default. */
export function editorFor(setting, value, id, onChange) {
  switch (setting.type) {
    case 'boolean': return choice([['(default)', null], ['yes', true], ['no', false]], value, id, onChange);
    case 'enumeration': return choice([['(default)', null], ...(setting.choices ?? []).map((it) => [it, it])], value, id, onChange);
    case 'integer': return number(setting, value, id, onChange);
    case 'string': return text(setting, value, id, onChange);
    default: return isTextList(setting) ? lines(value, id, onChange) : json(value, id, onChange);
  }
}

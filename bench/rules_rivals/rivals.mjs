// The rules of rules.json for @gorules/zen-engine and as a plain JavaScript loop. Each rival is given the events and
// answers with the number of hits.
import { ZenEngine } from '@gorules/zen-engine';

const operators = { '==': '===', '!=': '!==', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };

function javascript([field, operator, value]) {
  if (operator === 'in') return '(' + value.map((v) => `e.${field} === ${JSON.stringify(v)}`).join(' || ') + ')';
  if (typeof value === 'boolean') return (value ? '' : '!') + `e.${field}`;
  return `e.${field} ${operators[operator]} ${JSON.stringify(value)}`;
}

// One function a rule, called one after the other.
export function plainLoop(rules) {
  const functions = rules.map((rule) => new Function('e', `return ${rule.conditions.map(javascript).join(' && ')};`));
  return (events) => {
    let hits = 0;
    for (const event of events) {
      for (let r = 0; r < functions.length; r++) if (functions[r](event)) hits++;
    }
    return hits;
  };
}

// The whole set written as one function by hand: no list of rules any more, only to show what is the limit.
export function plainUnrolled(rules) {
  const body = rules.map((rule) => `if (${rule.conditions.map(javascript).join(' && ')}) hits++;`).join('\n');
  const one = new Function('e', `let hits = 0;\n${body}\nreturn hits;`);
  return (events) => {
    let hits = 0;
    for (const event of events) hits += one(event);
    return hits;
  };
}

function cell([, operator, value]) {
  if (operator === 'in') return value.map((v) => JSON.stringify(v)).join(', ');
  if (operator === '==') return JSON.stringify(value);
  return `${operator} ${JSON.stringify(value)}`;
}

// A decision table, one row a rule, which collects every row that fits.
function table(rules, fields, settings) {
  const rows = rules.map((rule, r) => {
    const row = { _id: `r${r}`, hit: String(r) };
    for (const field of fields) {
      row[field] = rule.conditions.filter(([name]) => name === field).map(cell).join(' and ');
    }
    return row;
  });
  const content = {
    hitPolicy: 'collect',
    rules: rows,
    inputs: fields.map((field) => ({ id: field, name: field, field })),
    outputs: [{ id: 'hit', name: 'hit', field: 'hit' }],
    passThrough: false,
    ...settings,
  };
  return {
    contentType: 'application/vnd.gorules.decision',
    nodes: [
      { id: 'in', name: 'in', type: 'inputNode', position: { x: 0, y: 0 } },
      { id: 'table', name: 'table', type: 'decisionTableNode', position: { x: 1, y: 0 }, content },
      { id: 'out', name: 'out', type: 'outputNode', position: { x: 2, y: 0 } },
    ],
    edges: [
      { id: 'a', type: 'edge', sourceId: 'in', targetId: 'table' },
      { id: 'b', type: 'edge', sourceId: 'table', targetId: 'out' },
    ],
  };
}

const count = (result) => (Array.isArray(result) ? result.length : 0);

export function zenOneByOne(rules, fields) {
  const decision = new ZenEngine().createDecision(table(rules, fields, {}));
  return async (events) => {
    let hits = 0;
    for (const event of events) hits += count((await decision.evaluate(event)).result);
    return hits;
  };
}

// All events in one call: nothing of the way between the languages is counted for each of them.
export function zenInOneCall(rules, fields) {
  const settings = { executionMode: 'loop', inputField: 'events', outputPath: 'hits' };
  const decision = new ZenEngine().createDecision(table(rules, fields, settings));
  return async (events) => {
    const { result } = await decision.evaluate({ events });
    return result.hits.reduce((hits, one) => hits + count(one), 0);
  };
}

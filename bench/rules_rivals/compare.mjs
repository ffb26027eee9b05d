// Runs expressions_bench, a plain JavaScript loop and @gorules/zen-engine over the same rules and events, one after the
// other in every round, and prints the CPU time an event took (medians) and how many times faster the rules of Amity are.
// Ends with 1 where the hits differ or something was allocated.
//
//   node bench/rules_rivals/compare.mjs [ROUNDS]        the program: build/release/bench/expressions_bench, or $PROGRAM
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpuUsage } from 'node:process';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainLoop, plainUnrolled, zenInOneCall, zenOneByOne } from './rivals.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const program = process.env.PROGRAM ?? join(here, '../../build/release/bench/expressions_bench');
const rounds = Number(process.argv[2] ?? 7);
const folder = mkdtempSync(join(tmpdir(), 'amity-rules-'));
const eventsFile = join(folder, 'events.jsonl');

function amity() {
  const out = execFileSync(program, ['--benchmark_format=json', '--benchmark_min_time=0.2'], {
    env: { ...process.env, AMITY_BENCH_EVENTS: eventsFile },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(out).benchmarks.map((b) => ({
    name: b.name,
    ns: 1e9 / b.items_per_second,
    hits: b.hits,
    allocations: b.allocations_per_event,
  }));
}

// CPU time of this process an event; the events again and again for about the given time.
async function timed(name, run, events, seconds) {
  const hits = await run(events);
  const before = cpuUsage();
  const started = performance.now();
  let times = 0;
  do {
    await run(events);
    times++;
  } while (performance.now() - started < seconds * 1000);
  const used = cpuUsage(before);
  return { name, ns: ((used.user + used.system) * 1000) / times / events.length, hits, allocations: 0 };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const rules = JSON.parse(readFileSync(join(here, 'rules.json'), 'utf8'));
const all = new Map();
const note = (one) => all.set(one.name, [...(all.get(one.name) ?? []), one]);

let events;
let rivals;
for (let round = 0; round < rounds; round++) {
  amity().forEach(note);
  events ??= readFileSync(eventsFile, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const fields = Object.keys(events[0]);
  rivals ??= [
    ['plain JavaScript loop', plainLoop(rules), 0.5],
    ['JavaScript, all rules in one function', plainUnrolled(rules), 0.5],
    ['zen-engine, all events in one call', zenInOneCall(rules, fields), 1],
    ['zen-engine, event by event', zenOneByOne(rules, fields), 1],
  ];
  for (const [name, run, seconds] of rivals) note(await timed(name, run, events, seconds));
}
rmSync(folder, { recursive: true });

console.log(`${rules.length} rules, ${events.length} events, ${rounds} rounds, load ${loadavg()[0].toFixed(1)}`);
console.log('CPU ns an event (median, least, most), hits, allocations an event');
for (const [name, runs] of all) {
  const ns = runs.map((run) => run.ns);
  const shown = [median(ns), Math.min(...ns), Math.max(...ns)].map((n) => n.toFixed(0).padStart(9)).join('');
  console.log(`${name.padEnd(40)}${shown}${String(runs[0].hits).padStart(9)}${String(runs[0].allocations).padStart(4)}`);
}

// The ratio within each round, for the machine is shared.
function ratio(rival, ours) {
  return median(all.get(rival).map((run, round) => run.ns / all.get(ours)[round].ns));
}
for (const ours of ['rules_together_on_rows', 'rules_together_on_json']) {
  const shown = ['plain JavaScript loop', 'zen-engine, all events in one call', 'zen-engine, event by event'].map(
    (rival) => `${ratio(rival, ours).toFixed(1)} times the ${rival}`,
  );
  console.log(`${ours}: ${shown.join('; ')}`);
}

const runs = [...all.values()].flat();
const agree = runs.every((run) => run.hits === runs[0].hits);
const none = runs.every((run) => run.allocations === 0);
if (!agree) console.error('the hits differ');
if (!none) console.error('something was allocated');
process.exit(agree && none ? 0 : 1);

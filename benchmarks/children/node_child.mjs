// aws-local-stepfunctions (memory only, keeps no history) and asl-validator.
// Speaks the protocol of benchmarks/peers.py: one JSON object a line, in and out.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';

const require = createRequire(new URL('../package.json', import.meta.url));
const { StateMachine } = require('aws-local-stepfunctions');
const validate = require('asl-validator');
const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url))).version;

const machines = new Map();

// Wall and CPU seconds since `start` was made.
const start = () => ({ wall: process.hrtime.bigint(), cpu: process.cpuUsage() });
function since({ wall, cpu }) {
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: Number(process.hrtime.bigint() - wall) / 1e9, cpu: (user + system) / 1e6 };
}

async function answer(request) {
  switch (request.op) {
    case 'version':
      return { name: 'aws-local-stepfunctions', version: versionOf('aws-local-stepfunctions'), validator: versionOf('asl-validator'), runtime: `Node ${process.versions.node}` };
    case 'load': {
      const { name, definition, input, expect } = request.workload;
      // Its own validation takes longer than a run; what is measured here is running.
      const machine = new StateMachine(definition, { validationOptions: { noValidate: true } });
      machines.set(name, { machine, input, expect });
      return {};
    }
    case 'run': {
      const { machine, input, expect } = machines.get(request.name);
      let output;
      const started = start();
      for (let i = 0; i < request.times; i += 1) output = await machine.run(input).result;
      return { ...since(started), right: expect === null || isDeepStrictEqual(output, expect), status: 'SUCCEEDED' };
    }
    case 'check': {
      let valid = true;
      const started = start();
      for (let i = 0; i < request.times; i += 1) valid = validate(JSON.parse(request.text)).isValid;
      return { ...since(started), right: valid };
    }
    default:
      throw new Error(request.op);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = await answer(JSON.parse(line));
  } catch (error) {
    reply = { error: `${error.name}: ${error.message}`.slice(0, 300) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

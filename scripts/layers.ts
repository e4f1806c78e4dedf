/**
 * The layers of packages/millrace/src, lowest first, and what each may import besides itself and `core`.
 *
 * This is the table of docs that walls.ts enforces and map.ts draws. A change here is a decision: it comes with a page in docs/design/.
 */
export interface Layer {
  readonly name: string
  readonly what: string
  readonly mayImport: readonly string[]
}

const layer = (name: string, what: string, mayImport = ''): Layer => ({ name, what, mayImport: mayImport.split(' ').filter(Boolean) })

export const layers: readonly Layer[] = [
  layer('core', 'time, ids, errors, batches, hash, key groups, Env ports'),
  layer('serde', 'the value codec, key bytes, versions'),
  layer('state', 'slot tables, timers, chunk format, backend contract', 'serde'),
  layer('windows', 'assigners, triggers, aggregates'),
  layer('patterns', 'pattern data, compiler, NFA', 'serde'),
  layer('connect', 'source, sink and storage contracts', 'serde'),
  layer('operator', 'the operator contract and its context', 'state'),
  layer('operators', 'one file each: map … sink', 'operator state windows patterns connect'),
  layer('plan', 'nodes, edges, chaining, comparison with a checkpoint', 'operator state windows connect'),
  layer('checkpoint', 'coordinator, commit, restore, manifest log: pure', 'plan state serde connect'),
  layer('task', 'TaskCore: gates, mailbox, hold, chains', 'plan operator operators windows state serde connect checkpoint'),
  layer('api', 'Stream, defineJob: builds plans', 'plan operators windows patterns connect state serde'),
  layer('env', "Node's ports"),
  layer('runtime', 'hosts, coordinator actor, supervisor', 'task checkpoint plan operator connect state serde'),
  layer('connectors', 'memory, generator, files, log, http', 'connect'),
  layer('job', 'run, start: where api and runtime meet', 'api runtime checkpoint plan env connect connectors'),
  layer('simulate', 'virtual Env, simulated files, links and host', 'runtime task checkpoint plan connectors env'),
  layer('testing', "users' test kit, contract suites", 'job runtime simulate api connect connectors plan state env'),
  layer('server', 'node:http and server-sent events', 'job runtime env checkpoint state plan serde connectors'),
  layer('cli', 'the command line', 'job runtime env checkpoint state plan serde connectors'),
]

/** Files directly in src: the doors of package.json. They may import any layer, nothing may import them. */
export const doors: readonly string[] = ['index', 'files', 'connect', 'state', 'testing', 'host']

/** The only layers that know Node: its modules, the process, threads, and code loaded by a computed name. */
export const nodeLayers: readonly string[] = ['env', 'cli', 'server']

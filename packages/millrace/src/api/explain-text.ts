import { plain, tableText, wrap, type Paint, type Style } from '../core/text-layout.ts'
import type { Explanation } from './job-types.ts'

export interface TextOptions {
  readonly width?: number
  readonly paint?: Paint
}
interface Look {
  readonly width: number
  readonly paint: Paint
}
type Path = Explanation['paths'][number]

const WIDTH = 80

/** An explanation for people: first what is guaranteed, then what the job is made of, then why. */
export function explanationText(
  job: string,
  { steps, tasks, edges, paths }: Omit<Explanation, 'toString'>,
  { width = WIDTH, paint = plain }: TextOptions = {},
): string {
  const look = { width, paint }
  const blocks = [[paint('bold', `job ${job}`)], guaranteeLines(paths, look), stepLines(steps, look), taskLines(tasks, edges, look)]
  blocks.push(
    reasonLines(
      'WHY',
      paths.flatMap(({ because }) => because),
      look,
    ),
  )
  const delays = paths.flatMap(({ latency }) => latency.map(({ because }) => because))
  blocks.push(reasonLines('WHAT KEEPS A RECORD BACK', delays, look))
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

const styles: Readonly<Record<Path['guarantee'], Style>> = {
  'exactly-once': 'green',
  'effectively-once': 'green',
  'at-least-once': 'yellow',
  'at-most-once': 'red',
  none: 'red',
}

/** What anybody wants to know, in a line each. */
function guaranteeLines(paths: readonly Path[], { width, paint }: Look): readonly string[] {
  if (paths.length === 0) return ['No sink: nothing leaves this job.']
  const rows = paths.map(({ from, to, guarantee, limitedBy, latency }) => [
    from,
    to,
    paint(styles[guarantee], guarantee),
    limitedBy.join(', ') || '-',
    waitsText(latency),
  ])
  return [
    ...tableText([head(['FROM', 'TO', 'DELIVERY', 'LIMITED BY', 'WAITS FOR'], paint), ...rows], { width }),
    paint('dim', 'After any number of failures, in a run with checkpoints.'),
  ]
}

function waitsText(latency: Path['latency']): string {
  const has = (wanted: Path['latency'][number]['kind']): boolean => latency.some(({ kind }) => kind === wanted)
  return (
    [...(has('window') ? ['window'] : []), ...(has('event-time') ? ['event time'] : []), ...(has('checkpoint') ? ['checkpoint'] : [])].join(
      ', ',
    ) || 'nothing'
  )
}

function stepLines(steps: Explanation['steps'], { width, paint }: Look): readonly string[] {
  const rows = steps.map(({ address, kind, inputs, state }) => {
    const reads = inputs.length === 0 ? [] : [`reads ${inputs.join(', ')}`]
    const keeps = state.length === 0 ? [] : [`keeps ${state.join(', ')}`]
    return [address, kind, [...reads, ...keeps].join('; ')]
  })
  return tableText([head(['STEP', 'KIND', 'WHAT IT READS AND KEEPS'], paint), ...rows], { width })
}

const partitionings = {
  forward: 'subtask to subtask',
  hash: 'by key',
  rebalance: 'round robin, in no order',
} as const

function taskLines(tasks: Explanation['tasks'], edges: Explanation['edges'], { width, paint }: Look): readonly string[] {
  const rows = tasks.map(({ steps, parallelism }, index) => [String(index + 1), String(parallelism), steps.join(' → ')])
  const lines = tableText([head(['TASK', 'SUBTASKS', 'STEPS, JOINED BY DIRECT CALLS'], paint), ...rows], { right: [0, 1], width })
  if (edges.length === 0) return lines
  const edgeRows = edges.map(({ from, to, partitioning, timed }) => [
    `${from} → ${to}`,
    `${partitionings[partitioning]}${timed ? '' : '; has no event time and is not waited for'}`,
  ])
  return [...lines, '', ...tableText([head(['BETWEEN TASKS', 'HOW RECORDS TRAVEL'], paint), ...edgeRows], { width })]
}

/** Each reason names what it is about, so it stands once, however many paths it is on. */
function reasonLines(title: string, reasons: readonly string[], { width, paint }: Look): readonly string[] {
  if (reasons.length === 0) return []
  const points = [...new Set(reasons)].flatMap((each) => wrap(`- ${each}`, width, '  '))
  return [paint('dim', title), ...points]
}

function head(names: readonly string[], paint: Paint): readonly string[] {
  return names.map((name) => paint('dim', name))
}

/** npm, as whoever started us has it: under `npm run` the same npm under the same Node, else the one on the path. */
import { runChild, type ChildOptions, type Outcome } from './child.ts'

/** What `npm run` tells its children would lead a second npm back into this repository. */
export const withoutNpmSettings: Readonly<Record<string, undefined>> = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^npm_/i.test(name))
    .map((name) => [name, undefined]),
)

export function runNpm(args: readonly string[], options: ChildOptions): Promise<Outcome> {
  const { npm_execpath: npm, npm_node_execpath: node } = process.env
  const [command, first] = npm?.endsWith('.js') === true && node !== undefined ? [node, [npm]] : ['npm', []]
  return runChild(command, [...first, ...args], { ...options, env: { ...withoutNpmSettings, ...options.env } })
}

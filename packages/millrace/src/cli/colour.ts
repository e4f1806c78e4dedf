import { styleText } from 'node:util'
import { plain, type Paint } from '../core/text-layout.ts'

/** What the command line says: `--color`, `--no-color`, or nothing. */
export type ColourWish = 'always' | 'never' | 'auto'
export type Variables = Readonly<Record<string, string | undefined>>

/** The last of `--color` and `--no-color` counts, as with other tools; also on a command line that is wrong. */
export function colourWish(args: readonly string[]): ColourWish {
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  const last = options.findLast((arg) => arg === '--color' || arg === '--no-color')
  if (last === undefined) return 'auto'
  return last === '--color' ? 'always' : 'never'
}

/**
 * The one place that decides about colours of a stream: first what the command line says, then FORCE_COLOR, then NO_COLOR
 * (no-color.org: set and not empty), then whether it is a terminal that can show them.
 */
export function hasColours(wish: ColourWish, variables: Variables, isTerminal: boolean): boolean {
  if (wish !== 'auto') return wish === 'always'
  const forced = variables['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  const no = variables['NO_COLOR'] ?? ''
  return no === '' && isTerminal && variables['TERM'] !== 'dumb'
}

const colours: Paint = (style, text) => styleText(style, text, { validateStream: false })

export function paintFor(isColoured: boolean): Paint {
  return isColoured ? colours : plain
}

/** The README's own files and commands: what a newcomer copies. */
import { blocksOf, type Block } from '../../scripts/doc-blocks.ts'
import { readText } from '../../scripts/lib/files.ts'

export interface FirstJob {
  /** Name → text. */
  readonly files: ReadonlyMap<string, string>
  /** The lines that begin a project, the package as a path. */
  readonly install: string
  /** The line that makes the input. */
  readonly prepare: string
  /** The line that runs the job. */
  readonly run: string
  /** What reads the result, and what it then says. */
  readonly read: string
  readonly result: string
}

/** @throws when the README has no longer what this looks for */
export function firstJob(tarball: string): FirstJob {
  const { blocks } = blocksOf(readText('README.md'))
  const first = (what: string, isIt: (block: Block) => boolean): string => {
    const found = blocks.find(isIt)
    if (found === undefined) throw new Error(`README.md has no block with ${what}`)
    return found.code
  }
  const shell = (part: string): string => first(part, ({ language, code }) => language === 'sh' && code.includes(part))
  const [prepare = '', run = ''] = shell('millrace run job.ts').trim().split('\n')
  const read = shell('wc -l')
  return {
    files: new Map(blocks.flatMap(({ file, code }) => (file === undefined ? [] : [[file, code] as const]))),
    install: shell('npm install PATH').replace(/PATH\/TO\/\S+/, `'${tarball}'`),
    prepare,
    run,
    read,
    result: first('the result', ({ language, code }) => language === 'text' && code.includes('"payments":2')),
  }
}

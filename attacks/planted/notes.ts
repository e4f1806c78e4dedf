/** What a run that writes the page has found so far: it takes long, and one that was cut off goes on where it was. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder, root } from '../lib/attack.ts'
import type { Alone } from './alone.ts'
import type { CutResult } from './run-cut.ts'

interface Noted {
  readonly results: Record<string, CutResult>
  readonly alone: Record<string, Alone['found']>
}

export class Notes {
  readonly #path: string
  readonly #noted: Noted

  /** Of this seed, and of the engine and the attacks as they are. */
  constructor(seed: number) {
    this.#path = join(dataFolder('planted-page'), `${digest()}-${seed}.json`)
    this.#noted = existsSync(this.#path) ? (JSON.parse(readFileSync(this.#path, 'utf8')) as Noted) : { results: {}, alone: {} }
  }

  result(mistake: string): CutResult | undefined {
    return this.#noted.results[mistake]
  }

  addResult(mistake: string, result: CutResult): void {
    this.#noted.results[mistake] = result
    this.#save()
  }

  alone(mistake: string): Alone['found'] | undefined {
    return this.#noted.alone[mistake]
  }

  addAlone({ mistake, found }: Alone): void {
    this.#noted.alone[mistake] = found
    this.#save()
  }

  #save(): void {
    writeFileSync(this.#path, JSON.stringify(this.#noted))
  }
}

function digest(): string {
  const hash = createHash('sha256')
  for (const folder of ['packages/millrace/src', 'attacks', 'reference']) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
    // Pages, catalogue and notes decide nothing.
    for (const path of files.sort())
      if (!path.endsWith('.test.ts') && !path.startsWith('planted/')) hash.update(path).update(readFileSync(join(root, folder, path)))
  }
  return hash.digest('hex').slice(0, 16)
}

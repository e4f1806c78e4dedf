/** Where the checks of the package take place: the tarball, every promised Node, and empty projects outside the repository. */
import { mkdtempSync, symlinkSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { findNode, promisedNodes } from '../../scripts/lib/nodes.ts'
import { packFolder, type Tarball } from '../../scripts/package/pack.ts'
import { stageEngine } from '../../scripts/package/stage.ts'
import { Project } from './project.ts'

export interface Check {
  readonly name: string
  /** It has a limit of time: nothing else runs meanwhile. */
  readonly isTimed?: boolean
  /** Throws what is wrong. */
  run(): Promise<void>
}

export interface Playground {
  /** Below the folder for temporary files: from here nothing of the repository is found by accident. */
  readonly folder: string
  readonly tarball: Tarball
  /** A project with an empty folder, and `node` of this version first on its path. */
  project(name: string, version: string): Promise<Project>
}

export const nodes: readonly string[] = promisedNodes

export async function playground(): Promise<Playground> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'))
  await stageEngine(join(folder, 'staging'))
  const tarball = await packFolder(join(folder, 'staging'), folder)
  return {
    folder,
    tarball,
    async project(name, version) {
      const at = join(folder, name)
      mkdirSync(at, { recursive: true })
      return new Project(at, pathWith(await nodeFolder(folder, version)))
    },
  }
}

/** A folder that holds this Node alone, under the name `node`. */
async function nodeFolder(base: string, version: string): Promise<string> {
  const at = join(base, `node-${version}`)
  const found = await findNode(version)
  if ('problem' in found) throw new Error(`Node ${version} cannot be had: ${found.problem}`)
  if (mkdirSync(at, { recursive: true }) !== undefined) symlinkSync(found.path, join(at, 'node'))
  return at
}

/** Without the commands of this repository, which `npm run` puts first. */
function pathWith(first: string): string {
  const others = (process.env['PATH'] ?? '').split(delimiter).filter((each) => !/node_modules[\\/]\.bin[\\/]?$/.test(each))
  return [first, ...others].join(delimiter)
}

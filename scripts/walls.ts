/**
 * Checks who imports whom: the layers of the engine, rings, Node's modules, and the walls between the folders of the repository.
 *
 * W1  A file of a layer imports its own layer, `core`, and what layers.ts names. Type-only imports count.
 * W2  No ring of files, no ring of layers.
 * W3  Node's modules and computed `import()` only in the Node layers; no other package anywhere: the engine has no dependencies.
 * W4  Only tests import tests. Tests are free of W1 and W3.
 * W5  reference/ and the packages see nothing of each other.
 * W6  examples/ and other packages use the engine through its doors.
 */
import { isBuiltin } from 'node:module'
import { readText, repositoryFiles } from './lib/files.ts'
import { finish } from './lib/report.ts'
import { doors, layers, nodeLayers } from './layers.ts'
import { fileNode, ringsOf, targetOf, type FileNode } from './scan/graph.ts'
import type { ImportEdge } from './scan/imports.ts'

export const ENGINE = 'packages/millrace/src/'
const DEEPEST_FOLDER = 3

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

/** `state` for packages/millrace/src/state/table.ts, `door` for a file directly in src, `undefined` outside the engine. */
export function layerOf(path: string): string | undefined {
  if (!path.startsWith(ENGINE)) return undefined
  const [first, ...rest] = path.slice(ENGINE.length).split('/')
  return rest.length === 0 ? 'door' : first
}

/** All TypeScript files of the repository with their imports. */
export function readGraph(): FileNode[] {
  return repositoryFiles()
    .filter((path) => /\.m?ts$/.test(path) && !path.includes('/fixtures/'))
    .map((path) => fileNode(path, readText(path)))
}

/** Everything that is wrong, one line each. */
export function checkWalls(files: readonly FileNode[]): string[] {
  const paths = new Set(files.map((file) => file.path))
  return [
    ...files.flatMap((file) => checkPlace(file.path)),
    ...files.flatMap((file) => file.imports.flatMap((edge) => checkEdge(file.path, edge, paths))),
    ...checkRings(files),
    ...checkTable(),
  ]
}

function checkPlace(path: string): string[] {
  const layer = layerOf(path)
  if (layer === undefined || isTest(path)) return []
  if (layer === 'door') {
    const name = path.slice(ENGINE.length).replace(/\.ts$/, '')
    return doors.includes(name) ? [] : [`${path}: no door of the package (${doors.join(', ')}); it belongs into a layer`]
  }
  if (!layers.some(({ name }) => name === layer)) return [`${path}: '${layer}' is no layer; see scripts/layers.ts`]
  const depth = path.slice(ENGINE.length).split('/').length - 1
  return depth > DEEPEST_FOLDER ? [`${path}: ${depth} folders below src, ${DEEPEST_FOLDER} is the limit`] : []
}

function checkEdge(from: string, edge: ImportEdge, paths: ReadonlySet<string>): string[] {
  const wrong = (text: string): string[] => [`${from}:${edge.line}: ${text}`]
  const { specifier } = edge
  const layer = layerOf(from)
  if (specifier === undefined) {
    const isFree = layer === undefined || isTest(from) || nodeLayers.includes(layer)
    return isFree ? [] : wrong(`import() of a computed name; only ${nodeLayers.join(', ')} load code`)
  }
  const target = targetOf(from, specifier)
  if (target === undefined) return checkPackage(from, specifier).flatMap(wrong)
  if (target.endsWith('.mjs')) return []
  if (!paths.has(target)) return wrong(`'${specifier}' does not exist; imports end in .ts`)
  if (isTest(target) && !isTest(from)) return wrong(`imports the test ${target}`)
  return checkTarget(from, target).flatMap(wrong)
}

/** An import by name: a Node module, the engine's doors, or a dependency. */
function checkPackage(from: string, specifier: string): string[] {
  const layer = layerOf(from)
  const isOurs = specifier === 'millrace' || specifier.startsWith('millrace/')
  if (from.startsWith('reference/') && isOurs) return ['reference/ sees nothing of the engine']
  if (from.startsWith('packages/') && specifier.startsWith('millrace-reference')) return ['packages/ see nothing of reference/']
  if (layer === undefined || isTest(from)) return []
  if (!isBuiltin(specifier)) return [`imports the package '${specifier}'; the engine has no dependencies`]
  if (!specifier.startsWith('node:')) return [`write 'node:${specifier}'`]
  return nodeLayers.includes(layer) ? [] : [`imports ${specifier}; only ${nodeLayers.join(', ')} import Node's modules`]
}

function checkTarget(from: string, target: string): string[] {
  const area = (path: string): string => (path.startsWith('packages/') ? path.split('/').slice(0, 2).join('/') : path.split('/')[0]!)
  const [fromArea, targetArea] = [area(from), area(target)]
  if (fromArea === targetArea) return isTest(from) ? [] : checkLayers(from, target)
  if (fromArea === 'reference') return ['reference/ imports only itself']
  if (fromArea === 'examples' && targetArea.startsWith('packages/')) return [`examples use the doors ('millrace', 'millrace/files', …)`]
  if (fromArea.startsWith('packages/')) return [`a package imports ${targetArea}/ by path; use its name`]
  return []
}

function checkLayers(from: string, target: string): string[] {
  const layer = layerOf(from)
  const targetLayer = layerOf(target)
  if (layer === undefined || layer === 'door' || targetLayer === layer || targetLayer === 'core') return []
  if (targetLayer === undefined) return ['the engine imports only its own src']
  if (targetLayer === 'door') return [`imports the door ${target}; import the layer itself`]
  const allowed = layers.find(({ name }) => name === layer)?.mayImport ?? []
  if (allowed.includes(targetLayer)) return []
  return [`${layer} → ${targetLayer} is forbidden; ${layer} may import core${allowed.map((name) => ` ${name}`).join('')}`]
}

function checkRings(files: readonly FileNode[]): string[] {
  const sources = files.filter((file) => !isTest(file.path))
  const edges = new Map(sources.map((file) => [file.path, new Set(targetsOf(file))]))
  const fileRings = ringsOf(edges).map((ring) => `ring of files: ${ring.join(' ↔ ')}`)
  const layerRings = ringsOf(layerEdges(files)).map((ring) => `ring of layers: ${ring.join(' ↔ ')}`)
  return [...fileRings, ...layerRings]
}

/** The files that a file pulls in; one started by URL is not pulled in. */
function targetsOf(file: FileNode): string[] {
  return file.imports.flatMap(({ kind, specifier }) => (kind === 'url' ? [] : (targetOf(file.path, specifier ?? '') ?? [])))
}

/** Which layers the sources of each layer import in fact. */
export function layerEdges(files: readonly FileNode[]): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>()
  for (const file of files) {
    const layer = layerOf(file.path)
    if (layer === undefined || layer === 'door' || isTest(file.path)) continue
    const targets = edges.get(layer) ?? new Set()
    for (const target of targetsOf(file).map(layerOf)) if (target !== undefined && target !== layer) targets.add(target)
    edges.set(layer, targets)
  }
  return edges
}

/** The table itself: every name it uses is a layer further up the table, so that it cannot allow a ring. */
function checkTable(): string[] {
  return layers.flatMap(({ name, mayImport }, place) =>
    mayImport
      .filter((other) => !layers.slice(0, place).some((lower) => lower.name === other))
      .map((other) => `scripts/layers.ts: ${name} names ${other}, which is not below it`),
  )
}

function checkDependencies(): string[] {
  const manifest = JSON.parse(readText('packages/millrace/package.json')) as Record<string, object | undefined>
  const names = ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((field) => Object.keys(manifest[field] ?? {}))
  return names.map((name) => `packages/millrace/package.json: depends on ${name}; the engine has no dependencies`)
}

if (import.meta.main) {
  const files = readGraph()
  finish([...checkWalls(files), ...checkDependencies()], `${files.length} files, ${layers.length} layers`)
}

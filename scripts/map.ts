/** `npm run map`: the layers of the engine as they are, lowest first: files, lines, what each imports and who imports it. */
import { styleText } from 'node:util'
import { layers, type Layer } from './layers.ts'
import type { FileNode } from './scan/graph.ts'
import { isTest, layerEdges, layerOf, readGraph } from './walls.ts'

const BOX_WIDTH = 100

/** One layer, ready to be drawn. */
interface Room {
  readonly name: string
  readonly size: string
  readonly rows: readonly string[]
}

/** The picture as text: boxes for a terminal, plain lines for everything else. */
export function drawMap(files: readonly FileNode[], style: 'boxes' | 'plain'): string {
  const sources = files.filter((file) => !isTest(file.path) && layerOf(file.path) !== undefined)
  const tests = files.filter((file) => isTest(file.path) && layerOf(file.path) !== undefined)
  const edges = layerEdges(files)
  const rooms = layers.map((layer) => roomOf(layer, sources, edges))
  const doors = sources.filter((file) => layerOf(file.path) === 'door').map((file) => file.path.split('/').at(-1)!)
  return [
    ...rooms.map(style === 'boxes' ? drawBox : drawPlain),
    `doors       ${doors.length === 0 ? 'none yet' : doors.join(' ')}`,
    `altogether  ${sizeOf(sources)}, and ${sizeOf(tests)} of tests`,
    '',
  ].join('\n')
}

function roomOf(layer: Layer, sources: readonly FileNode[], edges: ReadonlyMap<string, ReadonlySet<string>>): Room {
  const files = sources.filter((file) => layerOf(file.path) === layer.name)
  const imports = layers.filter(({ name }) => edges.get(layer.name)?.has(name)).map(({ name }) => name)
  const importers = layers.filter(({ name }) => edges.get(name)?.has(layer.name)).map(({ name }) => name)
  const unused = layer.mayImport.filter((name) => !imports.includes(name))
  const may = unused.length > 0 ? `   (may: ${unused.join(' ')})` : ''
  return {
    name: layer.name,
    size: files.length === 0 ? 'empty' : sizeOf(files),
    rows: [layer.what, `imports  ${imports.join(' ') || '–'}${may}`, `used by  ${importers.join(' ') || '–'}`],
  }
}

function drawBox({ name, size, rows }: Room): string {
  const bold = (text: string): string => styleText('bold', text, { stream: process.stdout })
  const title = `┌─ ${bold(name)} ${'─'.repeat(BOX_WIDTH - name.length - size.length - 8)} ${size} ─┐`
  const body = rows.map((row) => `│  ${row.padEnd(BOX_WIDTH - 4)}│`)
  return [title, ...body, `└${'─'.repeat(BOX_WIDTH - 2)}┘`].join('\n')
}

function drawPlain({ name, size, rows }: Room): string {
  return [`${name.padEnd(11)} ${size}`, ...rows.map((row) => `            ${row}`), ''].join('\n')
}

function sizeOf(files: readonly FileNode[]): string {
  const lineCount = files.reduce((sum, file) => sum + file.lineCount, 0)
  return `${files.length} ${files.length === 1 ? 'file' : 'files'}, ${lineCount} lines`
}

if (import.meta.main) process.stdout.write(drawMap(readGraph(), process.stdout.isTTY ? 'boxes' : 'plain'))

/** The imports of the repository as a graph of files, and the rings in it. */
import { posix } from 'node:path'
import { importsOf, type ImportEdge } from './imports.ts'

export interface FileNode {
  /** Relative to the root, with `/`. */
  readonly path: string
  readonly lineCount: number
  readonly imports: readonly ImportEdge[]
}

export function fileNode(path: string, source: string): FileNode {
  return { path, lineCount: source.split('\n').length - (source.endsWith('\n') ? 1 : 0), imports: importsOf(source) }
}

/** The file that a relative specifier means; `undefined` for a package or a Node module. */
export function targetOf(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined
}

/**
 * Groups of two or more nodes that all reach each other (Tarjan), and nodes that import themselves.
 *
 * @source Tarjan 1972, "Depth-first search and linear graph algorithms"
 */
export function ringsOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const rings: string[][] = []

  const visit = (node: string): void => {
    index.set(node, index.size)
    low.set(node, index.get(node)!)
    stack.push(node)
    onStack.add(node)
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) visit(next)
      if (onStack.has(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!))
    }
    if (low.get(node) === index.get(node)) rings.push(popRing(stack, onStack, node))
  }
  for (const node of edges.keys()) if (!index.has(node)) visit(node)
  return rings.filter((ring) => ring.length > 1 || edges.get(ring[0]!)?.has(ring[0]!) === true)
}

function popRing(stack: string[], onStack: Set<string>, root: string): string[] {
  const ring = stack.splice(stack.lastIndexOf(root))
  for (const node of ring) onStack.delete(node)
  return ring.toSorted()
}

/** Reads declaration files as the compiler writes them: what a door exports, and each declaration with its docstring. */

export interface Export {
  readonly name: string
  readonly isType: boolean
  /** Relative to the door. */
  readonly from: string
}

export interface Declaration {
  readonly name: string
  /** Each overload of a function, otherwise one. */
  readonly codes: readonly string[]
  /** Without the marks of a comment; of a function that of its first overload that has one. */
  readonly docs: string
}

/** What stands in the head of a door, and what it exports from where. */
export function doorOf(source: string): { readonly docs: string; readonly exports: readonly Export[] } {
  const exports = [...source.matchAll(/^export (type )?\{([^}]*)\} from '([^']+)';$/gm)].flatMap(([, type, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => ({ name: name.replace(/^type /, ''), isType: type !== undefined || name.startsWith('type '), from })),
  )
  return { docs: docsOf(source.match(/^\/\*\*[\s\S]*?\*\//)?.[0] ?? ''), exports }
}

/** The exported declarations of a file, by name. */
export function declarationsOf(source: string): Map<string, Declaration> {
  const found = new Map<string, Declaration>()
  let docs = ''
  for (const part of partsOf(source)) {
    if (part.startsWith('/**')) {
      docs = docsOf(part)
      continue
    }
    const name = /^export (?:declare )?(?:abstract )?(?:function|class|const|interface|type) (\w+)/.exec(part)?.[1]
    if (name !== undefined) {
      const before = found.get(name)
      const code = plainCode(part)
      found.set(name, {
        name,
        codes: [...(before?.codes ?? []), code],
        docs: before === undefined || before.docs === '' ? docs : before.docs,
      })
    }
    docs = ''
  }
  return found
}

/** Statements and comments at the left edge, in their order. */
function partsOf(source: string): string[] {
  const parts: string[] = []
  let isComment = false
  for (const line of source.split('\n')) {
    const begins = !isComment && /^(\/\*\*|export|declare|import|interface|type|const)\b|^\/\*\*/.test(line)
    if (begins) parts.push(line)
    else if (parts.length > 0) parts.push(`${parts.pop()}\n${line}`)
    if (begins && line.startsWith('/**')) isComment = true
    if (isComment && line.includes('*/')) isComment = false
  }
  return parts.map((part) => part.trimEnd())
}

function docsOf(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
}

/** In the layout of the project: two spaces, no semicolons. */
function plainCode(code: string): string {
  return code
    .replace(/^export (declare )?/, '')
    .split('\n')
    .map((line) => line.replace(/^( {4})+/, (spaces) => ' '.repeat(spaces.length / 2)).replace(/;$/, ''))
    .join('\n')
}

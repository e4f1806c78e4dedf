/**
 * Finds the examples of a page or of docstrings.
 *
 *   ```ts               type-checked and run
 *   ```ts no-run        type-checked only
 *   ```ts file=job.ts   written under this name (any language), type-checked if ts, for the later blocks of the page
 *   ```sh               run with sh -e, in the page's folder; ```sh no-run is only looked at
 *
 * A page's blocks run in order in one folder.
 */
import { posix } from 'node:path'
import { tokenize, type Token } from './scan/tokens.ts'

export interface Block {
  readonly language: string
  readonly code: string
  /** 1-based line of the first line of code. */
  readonly line: number
  readonly isRun: boolean
  readonly file: string | undefined
}

/** Languages whose blocks are only shown. Another spelling of ts or sh would slip past the tests, so it is an error. */
const SHOWN = new Set(['', 'text', 'json', 'jsonl', 'csv', 'sql', 'yaml', 'diff', 'mermaid'])
const FENCE = /^( *)(```+|~~~+)(.*)$/

/** @returns the blocks, and one line for each fence that cannot be right */
export function blocksOf(markdown: string): { readonly blocks: readonly Block[]; readonly problems: readonly string[] } {
  const lines = markdown.split('\n')
  const blocks: Block[] = []
  const problems: string[] = []
  for (let i = 0; i < lines.length; i++) {
    const [, indent = '', fence, info = ''] = FENCE.exec(lines[i]!) ?? []
    if (fence === undefined) continue
    const end = lines.findIndex((line, at) => at > i && line.trim() === fence)
    if (end < 0) {
      problems.push(`${i + 1}: this block is never closed`)
      break
    }
    const code = lines.slice(i + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
    const { block, problem } = blockFrom(info.trim(), `${code.join('\n')}\n`, i + 2)
    blocks.push(block)
    if (problem !== undefined) problems.push(`${i + 1}: ${problem}`)
    i = end
  }
  return { blocks, problems }
}

function blockFrom(info: string, code: string, line: number): { readonly block: Block; readonly problem: string | undefined } {
  const [language = '', ...options] = info.split(/\s+/)
  const file = options.find((option) => option.startsWith('file='))?.slice('file='.length)
  const isRun = file === undefined && !options.includes('no-run')
  const block = { language, code, line, isRun, file }
  const unknown = options.find((option) => option !== 'no-run' && !option.startsWith('file='))
  if (unknown !== undefined) return { block, problem: `unknown option '${unknown}'; there are no-run and file=NAME` }
  if (file !== undefined && !/^[\w-][\w./-]*$/.test(file)) return { block, problem: `file=${file} leaves the page's folder` }
  if (language !== 'ts' && language !== 'sh' && !SHOWN.has(language))
    return { block, problem: `language '${language}': write ts, sh, text or json` }
  return { block, problem: undefined }
}

/**
 * The `@example` blocks in the docstrings of exported things. An example that imports nothing sees the exports of its
 * own file; relative imports are meant from that file, and are rewritten for `folder`, where the example will stand.
 */
export function docstringBlocks(path: string, source: string, folder: string): Block[] {
  const tokens = tokenize(source)
  const code = tokens.filter(({ kind }) => kind !== 'comment')
  const exported = code.flatMap((token, i) => (token.text === 'export' ? (exportedName(code, i) ?? []) : []))
  return tokens.flatMap((token) => {
    if (!token.text.startsWith('/**') || !token.text.includes('@example')) return []
    return examplesOf(token).map((example) => ({ ...example, code: withImports(example.code, { path, folder, exported }) }))
  })
}

function exportedName(code: readonly Token[], i: number): string | undefined {
  const isValue = /^(function|const|class|async|let)$/.test(code[i + 1]?.text ?? '')
  return isValue ? code.slice(i + 2, i + 4).find(({ kind, text }) => kind === 'word' && text !== 'function')?.text : undefined
}

function examplesOf(comment: Token): Block[] {
  const lines = comment.text
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\/?\*{1,2} ?/, ''))
  const starts = lines.flatMap((line, i) => (line.startsWith('@example') ? [i] : []))
  return starts.flatMap((start) => {
    const next = lines.findIndex((line, i) => i > start && line.startsWith('@'))
    const body = lines.slice(start + 1, next < 0 ? undefined : next)
    const rest = lines[start]!.slice('@example'.length).trim()
    const line = comment.line + start
    const fenced = blocksOf(body.join('\n')).blocks.filter(({ language }) => language === 'ts')
    if (fenced.length > 0) return fenced.map((block) => ({ ...block, line: line + block.line }))
    return [{ language: 'ts', code: `${[rest, ...body].join('\n').trim()}\n`, line, isRun: true, file: undefined }]
  })
}

function withImports(code: string, from: { readonly path: string; readonly folder: string; readonly exported: readonly string[] }): string {
  const own = posix.relative(from.folder, from.path)
  if (!/^import /m.test(code)) {
    const used = from.exported.filter((name) => new RegExp(`\\b${name}\\b`).test(code))
    return used.length === 0 ? code : `import { ${used.join(', ')} } from '${own}'\n${code}`
  }
  return code.replace(/(from ')(\.{1,2}\/[^']+)(')/g, (_, open: string, specifier: string, close: string) => {
    const target = posix.join(posix.dirname(from.path), specifier)
    return `${open}${posix.relative(from.folder, target)}${close}`
  })
}

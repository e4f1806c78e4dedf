/** A page of the reference: what one door exports. */
import type { Declaration } from './declarations.ts'

export interface Door {
  /** As it is imported. */
  readonly specifier: string
  readonly docs: string
  readonly values: readonly Declaration[]
  readonly types: readonly Declaration[]
}

const NOTE = 'This page is made from the declarations of the package; `npm run format` writes it.'

export function referencePage({ specifier, docs, values, types }: Door): string {
  const sections = [section('Functions and values', values), section('Types', types)].filter((text) => text !== '')
  return `${[`# ${specifier}`, docs, NOTE, ...sections].filter((text) => text !== '').join('\n\n')}\n`
}

function section(title: string, declarations: readonly Declaration[]): string {
  if (declarations.length === 0) return ''
  const sorted = declarations.toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
  return [`## ${title}`, ...sorted.map(entry)].join('\n\n')
}

function entry({ name, codes, docs }: Declaration): string {
  const { text, tags } = tagsOf(docs)
  const code = ['```ts', codes.join('\n'), '```'].join('\n')
  return [`### ${name}`, text, code, ...tags].filter((part) => part !== '').join('\n\n')
}

/** Docstrings end in tags, each up to the next one. */
function tagsOf(docs: string): { readonly text: string; readonly tags: readonly string[] } {
  const [text = '', ...tags] = docs.split(/^(?=@\w)|(?<=\S) (?=@(?:throws|param|source|since)\b)/m).map((part) => part.trim())
  const params = tags.filter((tag) => tag.startsWith('@param')).map((tag) => tag.replace(/^@param (\w+)\s*/, '- `$1`: '))
  const others = tags.filter((tag) => !tag.startsWith('@param')).map(tagText)
  return { text: text.startsWith('@') ? '' : text, tags: [params.join('\n'), ...others] }
}

function tagText(tag: string): string {
  const [, name = '', body = ''] = /^@(\w+)\s*([\s\S]*)$/.exec(tag) ?? []
  if (name === 'example') return ['Example:', '```ts', body.replace(/^```ts\n|\n```$/g, ''), '```'].join('\n').replace('\n', '\n\n')
  if (name === 'throws')
    return `Throws ${body.replace(/\{([A-Z_]+)\}/g, (_, code: string) => `[\`${code}\`](../errors.md#${code.toLowerCase()})`).replace(/\{(\w+)\}/g, '`$1`')}`
  return `${name[0]?.toUpperCase()}${name.slice(1)}: ${body}`
}
